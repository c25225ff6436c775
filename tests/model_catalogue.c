/* In place of detector/catalogue/catalogue.c, for the tests: networks that nobody could run, small
 * enough to be made by the test that serves them. Nothing answers at their own address. */
#include "detector/catalogue/catalogue.h"

const struct catalogue_model catalogue_models[] = {
    {
        .name = "small",
        .about = "made up",
        .licence = "none",
        .licence_address = "http://licence.invalid/",
        .address = "http://127.0.0.1:1",
        .classes = 80,
        .files =
            {
                {"small.cfg", "model", 27,
                 "bed9bf52850ed3f240c25bf3fb9d196892c61560f66ffdd7fee87dea6ce26ffa"},
                {"small.weights", "weights", 200000,
                 "4b48089f07ac283414515c0232033ec039e1d72c457cad948ead5807e60575f4"},
            },
    },
    {
        .name = "one-file",
        .about = "made up",
        .licence = "none",
        .licence_address = "http://licence.invalid/",
        .address = "http://127.0.0.1:1",
        .classes = 80,
        .files = {{"small.cfg", "model", 27,
                   "bed9bf52850ed3f240c25bf3fb9d196892c61560f66ffdd7fee87dea6ce26ffa"}},
    },
};

const size_t catalogue_count = sizeof catalogue_models / sizeof catalogue_models[0];
