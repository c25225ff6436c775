/* The queue between threads: nothing is lost, nothing changes places. */
#include "broadcaster/history/history_queue.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/memory.h"

#define PUSHERS 3
#define ITEMS   20000

struct number {
    struct history_item item;
    int pusher, number;
};

struct pusher {
    struct history_queue *queue;
    int id;
};

static struct number *number_create(int pusher, int number)
{
    struct number *made = xcalloc(1, sizeof *made);
    *made = (struct number){.item = {.size = 10}, .pusher = pusher, .number = number};
    return made;
}

static void test_order_and_bytes(void **state)
{
    struct history_queue queue = {0};
    (void)state;
    assert_null(history_queue_take(&queue));
    assert_true(history_queue_push(&queue, &number_create(0, 0)->item));
    assert_false(history_queue_push(&queue, &number_create(0, 1)->item));
    assert_int_equal(history_queue_bytes(&queue), 20);
    struct number *first = (struct number *)history_queue_take(&queue);
    struct number *second = (struct number *)first->item.next;
    assert_int_equal(first->number, 0);
    assert_int_equal(second->number, 1);
    assert_null(second->item.next);
    assert_int_equal(history_queue_bytes(&queue), 0);
    assert_true(history_queue_push(&queue, &first->item)); /* empty again */
    free(history_queue_take(&queue));
    free(second);
}

static void *push_all(void *arg)
{
    struct pusher *pusher = arg;
    for (int i = 0; i < ITEMS; i++) {
        history_queue_push(pusher->queue, &number_create(pusher->id, i)->item);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct history_queue queue = {0};
    struct pusher pushers[PUSHERS];
    pthread_t threads[PUSHERS];
    int next[PUSHERS] = {0}, taken = 0;
    (void)state;
    for (int i = 0; i < PUSHERS; i++) {
        pushers[i] = (struct pusher){&queue, i};
        assert_int_equal(pthread_create(&threads[i], NULL, push_all, &pushers[i]), 0);
    }
    while (taken < PUSHERS * ITEMS) {
        struct history_item *after;
        for (struct history_item *item = history_queue_take(&queue); item != NULL; item = after) {
            struct number *number = (struct number *)item;
            after = item->next;
            assert_int_equal(number->number, next[number->pusher]++);
            free(number);
            taken++;
        }
    }
    for (int i = 0; i < PUSHERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(history_queue_bytes(&queue), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_bytes),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
