#include "common/config_history.h"

#include <string.h>

#include "common/config_section.h"
#include "common/memory.h"

void config_history_unfold(json_t *document)
{
    const json_t *value = json_object_get(document, "history");
    const char *word = json_string_value(value);
    bool on = json_is_true(value) || (word != NULL && strcmp(word, "on") == 0);
    bool off = json_is_false(value) || (word != NULL && strcmp(word, "off") == 0);
    if (on || off) {
        json_object_set_new(document, "history", json_pack("{s:b}", "enabled", on));
    }
}

void config_history_read(struct config *config, json_t *object, struct config_reader *reader)
{
    config_section_read(SECTION_HISTORY, object, "history", &config->history, reader);
    if (config->history.file == NULL) {
        config->history.file = xasprintf("%s/history.sqlite", config->state_dir);
    }
}
