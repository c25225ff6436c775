#include "broadcaster/access/rate_table.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

struct rate_entry {
    TAILQ_ENTRY(rate_entry) link; /* rate_table::used */
    double left;                  /* of the burst */
    uint64_t updated_ns;
    char *name;
};

/* A balanced tree (tsearch() is a red-black one), because names are foreign: no choice of
 * them makes it slow. */
struct rate_table {
    void *tree;
    TAILQ_HEAD(rate_list, rate_entry) used; /* the one asked for longest ago first */
    size_t size, most;
};

static int rate_compare(const void *a, const void *b)
{
    return strcmp(((const struct rate_entry *)a)->name, ((const struct rate_entry *)b)->name);
}

struct rate_table *rate_table_create(size_t most)
{
    struct rate_table *table = xcalloc(1, sizeof *table);
    table->most = most;
    TAILQ_INIT(&table->used);
    return table;
}

static void rate_table_drop(struct rate_table *table, struct rate_entry *entry)
{
    tdelete(entry, &table->tree, rate_compare);
    TAILQ_REMOVE(&table->used, entry, link);
    table->size--;
    free(entry->name);
    free(entry);
}

void rate_table_destroy(struct rate_table *table)
{
    while (table != NULL && !TAILQ_EMPTY(&table->used)) {
        rate_table_drop(table, TAILQ_FIRST(&table->used));
    }
    free(table);
}

size_t rate_table_size(const struct rate_table *table)
{
    return table->size;
}

static struct rate_entry *rate_table_add(struct rate_table *table, const char *name, double burst,
                                         uint64_t now_ns)
{
    if (table->size == table->most) {
        rate_table_drop(table, TAILQ_FIRST(&table->used));
    }
    struct rate_entry *entry = xcalloc(1, sizeof *entry);
    entry->name = xstrdup(name);
    entry->left = burst;
    entry->updated_ns = now_ns;
    if (tsearch(entry, &table->tree, rate_compare) == NULL) {
        die("out of memory");
    }
    TAILQ_INSERT_TAIL(&table->used, entry, link);
    table->size++;
    return entry;
}

/* The entry of this name, which becomes the one asked for last. */
static struct rate_entry *rate_table_find(struct rate_table *table, const char *name, double burst,
                                          uint64_t now_ns)
{
    struct rate_entry wanted = {.name = (char *)name};
    struct rate_entry *const *found = tfind(&wanted, &table->tree, rate_compare);
    if (found == NULL) {
        return rate_table_add(table, name, burst, now_ns);
    }
    struct rate_entry *entry = *found;
    TAILQ_REMOVE(&table->used, entry, link);
    TAILQ_INSERT_TAIL(&table->used, entry, link);
    return entry;
}

bool rate_table_take(struct rate_table *table, const char *name, const struct rate *rate,
                     uint64_t now_ns, double *wait_s)
{
    struct rate_entry *entry = rate_table_find(table, name, rate->burst, now_ns);
    double seconds = (double)(now_ns - entry->updated_ns) / (double)NS_PER_SECOND;
    double left = entry->left + seconds * rate->per_second;
    entry->left = left < rate->burst ? left : rate->burst;
    entry->updated_ns = now_ns;
    if (entry->left >= 1) {
        entry->left -= 1;
        *wait_s = 0;
        return true;
    }
    *wait_s = (1 - entry->left) / rate->per_second;
    return false;
}
