#include "detector/catalogue/catalogue.h"

#define YOLO_FASTEST_COMMIT "96a2900d163196c396e73f3fdab04ca4dd9a2f70"
#define YOLO_FASTEST_FOLDER                                                                        \
    "https://raw.githubusercontent.com/dog-qiuqiu/Yolo-Fastest/" YOLO_FASTEST_COMMIT               \
    "/ModelZoo/yolo-fastest-1.1_coco"
#define YOLO_FASTEST_LICENCE                                                                       \
    .licence = "YOLO License 2 (public domain, \"do whatever you want with it\")",                 \
    .licence_address =                                                                             \
        "https://github.com/dog-qiuqiu/Yolo-Fastest/blob/" YOLO_FASTEST_COMMIT "/LICENSE"

const struct catalogue_model catalogue_models[] = {
    {
        .name = "yolo-fastest-1.1",
        .about = "input 320x320, 80 classes of COCO; the cheapest, for near and large things",
        YOLO_FASTEST_LICENCE,
        .address = YOLO_FASTEST_FOLDER,
        .classes = 80,
        .files =
            {
                {"yolo-fastest-1.1.cfg", "model", 9685,
                 "f6df5775c1e862998cf69046eba9265be3ae84dfe8b2caab7529823f0795bf70"},
                {"yolo-fastest-1.1.weights", "weights", 1384268,
                 "1c445c42bbd6df63edea2cc69f99667b5650d663ca11e34b116240740cd42890"},
            },
    },
    {
        .name = "yolo-fastest-1.1-xl",
        .about = "input 320x320, 80 classes of COCO; twice the work, finds more",
        YOLO_FASTEST_LICENCE,
        .address = YOLO_FASTEST_FOLDER,
        .classes = 80,
        .files =
            {
                {"yolo-fastest-1.1-xl.cfg", "model", 9696,
                 "c458427acc4fbeabceff4528ef7b65b066c0308ce599460f8ba299eba63abad3"},
                {"yolo-fastest-1.1-xl.weights", "weights", 3693964,
                 "fac5fb41786c1f38f04972a658443b189f48720d7d117f9a044100e98a35b0c5"},
            },
    },
};

const size_t catalogue_count = sizeof catalogue_models / sizeof catalogue_models[0];
