/* The health of a camera: scripts of moments, each with the state that must follow. */
#include "common/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS(ms) ((uint64_t)(ms)*NS_PER_MS)

enum action { FRAME, SAME, ALIVE, TICK, LOST, REST, START, END };

struct step {
    uint64_t at_ms;
    enum action action;
    enum camera_state state; /* afterwards */
};

struct script {
    const char *name;
    uint64_t period_ms; /* what the source is set to; 0: measured */
    bool watch_frozen;
    struct step steps[24];
};

static const struct script scripts[] = {
    {.name = "connecting becomes offline after 10 s",
     .steps = {{0, TICK, CAMERA_CONNECTING},
               {9999, TICK, CAMERA_CONNECTING},
               {10000, TICK, CAMERA_OFFLINE},
               {99999, TICK, CAMERA_OFFLINE},
               {100000, FRAME, CAMERA_ONLINE},
               {0, END, CAMERA_ONLINE}}},
    {.name = "a fast camera is stale after 1 s, offline after 10 s",
     .steps = {{0, FRAME, CAMERA_ONLINE},
               {33, FRAME, CAMERA_ONLINE},
               {66, FRAME, CAMERA_ONLINE},
               {1065, TICK, CAMERA_ONLINE},
               {1066, TICK, CAMERA_STALE},
               {10065, TICK, CAMERA_STALE},
               {10066, TICK, CAMERA_OFFLINE},
               {20000, FRAME, CAMERA_ONLINE},
               {20999, TICK, CAMERA_ONLINE},
               {21000, TICK, CAMERA_STALE},
               {21001, FRAME, CAMERA_ONLINE},
               {0, END, CAMERA_ONLINE}}},
    {.name = "a slow camera is stale after 3 periods",
     .steps = {{0, FRAME, CAMERA_ONLINE},
               {1000, FRAME, CAMERA_ONLINE},
               {2000, FRAME, CAMERA_ONLINE},
               {4999, TICK, CAMERA_ONLINE},
               {5000, TICK, CAMERA_STALE},
               {0, END, CAMERA_ONLINE}}},
    {.name = "a set period counts from the start",
     .period_ms = 10000,
     .steps = {{49999, TICK, CAMERA_CONNECTING},
               {50000, TICK, CAMERA_OFFLINE},
               {60000, FRAME, CAMERA_ONLINE},
               {89999, TICK, CAMERA_ONLINE},
               {90000, TICK, CAMERA_STALE},
               {109999, TICK, CAMERA_STALE},
               {110000, TICK, CAMERA_OFFLINE},
               {0, END, CAMERA_ONLINE}}},
    {.name = "the gap of a lost connection is no period",
     .steps = {{0, FRAME, CAMERA_ONLINE},
               {100, FRAME, CAMERA_ONLINE},
               {200, LOST, CAMERA_ONLINE},
               {9000, FRAME, CAMERA_ONLINE},
               {10000, TICK, CAMERA_STALE},
               {0, END, CAMERA_ONLINE}}},
    {.name = "unchanged is alive",
     .period_ms = 200,
     .steps = {{0, FRAME, CAMERA_ONLINE},
               {900, ALIVE, CAMERA_ONLINE},
               {1800, TICK, CAMERA_ONLINE},
               {1900, TICK, CAMERA_STALE},
               {2000, ALIVE, CAMERA_ONLINE},
               {12000, TICK, CAMERA_OFFLINE},
               {12001, ALIVE, CAMERA_ONLINE},
               {0, END, CAMERA_ONLINE}}},
    {.name = "an answer in time counts as such, changed or not",
     .period_ms = 1000,
     .steps = {{0, FRAME, CAMERA_ONLINE},
               {1000, ALIVE, CAMERA_ONLINE},
               {2000, ALIVE, CAMERA_ONLINE},
               {3000, ALIVE, CAMERA_ONLINE},
               {4000, ALIVE, CAMERA_ONLINE},
               {5000, ALIVE, CAMERA_ONLINE},
               {6000, ALIVE, CAMERA_ONLINE},
               {7000, ALIVE, CAMERA_ONLINE},
               {8000, FRAME, CAMERA_ONLINE},
               {10999, TICK, CAMERA_ONLINE},
               {11000, TICK, CAMERA_STALE},
               {0, END, CAMERA_ONLINE}}},
    {.name = "unchanged without any picture is still connecting",
     .steps = {{100, ALIVE, CAMERA_CONNECTING}, {0, END, CAMERA_ONLINE}}},
    {.name = "the same bytes for 10 s are frozen",
     .watch_frozen = true,
     .steps = {{0, SAME, CAMERA_ONLINE},
               {5000, SAME, CAMERA_ONLINE},
               {9999, SAME, CAMERA_ONLINE},
               {10000, SAME, CAMERA_FROZEN},
               {10500, TICK, CAMERA_FROZEN},
               {10600, FRAME, CAMERA_ONLINE},
               {10700, FRAME, CAMERA_ONLINE},
               {20699, SAME, CAMERA_ONLINE},
               {30699, SAME, CAMERA_FROZEN},
               {30799, FRAME, CAMERA_ONLINE},
               {0, END, CAMERA_ONLINE}}},
    {.name = "a frozen camera that falls silent is stale",
     .watch_frozen = true,
     .steps = {{0, SAME, CAMERA_ONLINE},
               {100, SAME, CAMERA_ONLINE},
               {200, SAME, CAMERA_ONLINE},
               {9000, LOST, CAMERA_STALE},
               {10100, SAME, CAMERA_FROZEN},
               {11099, TICK, CAMERA_FROZEN},
               {11100, TICK, CAMERA_STALE},
               {11200, SAME, CAMERA_FROZEN},
               {0, END, CAMERA_ONLINE}}},
    {.name = "an outage is not a frozen picture",
     .watch_frozen = true,
     .steps = {{0, SAME, CAMERA_ONLINE},
               {100, SAME, CAMERA_ONLINE},
               {10100, TICK, CAMERA_OFFLINE},
               {14000, SAME, CAMERA_ONLINE},
               {14100, SAME, CAMERA_ONLINE},
               {23999, SAME, CAMERA_ONLINE},
               {24000, SAME, CAMERA_FROZEN},
               {0, END, CAMERA_ONLINE}}},
    {.name = "where pictures repeat by nature nothing is frozen",
     .steps = {{0, SAME, CAMERA_ONLINE}, {60000, SAME, CAMERA_ONLINE}, {0, END, CAMERA_ONLINE}}},
    {.name = "at rest no time counts",
     .watch_frozen = true,
     .steps = {{0, SAME, CAMERA_ONLINE},
               {100, REST, CAMERA_CONNECTING},
               {90000, TICK, CAMERA_CONNECTING},
               {90000, START, CAMERA_CONNECTING},
               {99999, TICK, CAMERA_CONNECTING},
               {99999, SAME, CAMERA_ONLINE},
               {100000, REST, CAMERA_CONNECTING},
               {200000, START, CAMERA_CONNECTING},
               {210000, TICK, CAMERA_OFFLINE},
               {0, END, CAMERA_ONLINE}}},
};

static void apply(struct health *health, const struct step *step, uint64_t now)
{
    static uint64_t fresh = 1;
    switch (step->action) {
    case FRAME:
        health_frame(health, ++fresh, now);
        break;
    case SAME:
        health_frame(health, 1, now);
        break;
    case ALIVE:
        health_alive(health, now);
        break;
    case LOST:
        health_disconnected(health);
        break;
    case REST:
        health_rest(health);
        break;
    case START:
        health_start(health, now);
        break;
    case TICK:
    case END:
        break;
    }
    health_tick(health, now);
}

static void all_scripts(void **state)
{
    (void)state;
    const uint64_t origin = MS(5000); /* no clock starts at 0 */
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        const struct script *script = &scripts[i];
        struct health health;
        health_init(&health, MS(script->period_ms), script->watch_frozen);
        health_start(&health, origin);
        for (const struct step *step = script->steps; step->action != END; step++) {
            uint64_t now = origin + MS(step->at_ms);
            apply(&health, step, now);
            if (health.state != step->state) {
                fail_msg("%s, at %llu ms: %s instead of %s", script->name,
                         (unsigned long long)step->at_ms, camera_state_name(health.state),
                         camera_state_name(step->state));
            }
        }
    }
}

/* Whoever ticks at the deadlines alone misses nothing, and there is nothing to do before them. */
static void deadlines_are_exact(void **state)
{
    (void)state;
    struct health health;
    health_init(&health, 0, true);
    assert_true(health_deadline(&health) == HEALTH_NEVER);
    health_start(&health, MS(1000));
    health_frame(&health, 1, MS(1000));
    static const enum camera_state expected[] = {CAMERA_STALE, CAMERA_OFFLINE};
    for (int i = 0; i < 2; i++) {
        enum camera_state before = health.state;
        uint64_t deadline = health_deadline(&health);
        health_tick(&health, deadline - 1);
        assert_int_equal(health.state, before);
        health_tick(&health, deadline);
        assert_int_equal(health.state, expected[i]);
    }
    assert_true(health_deadline(&health) == HEALTH_NEVER);
}

static void period_follows_the_camera(void **state)
{
    (void)state;
    struct health health;
    uint64_t now = MS(1000);
    health_init(&health, 0, false);
    health_start(&health, now);
    for (int i = 0; i < 100; i++) {
        health_frame(&health, (uint64_t)i, now += MS(40));
    }
    assert_in_range(health.period_ns, MS(39), MS(41));
    for (int i = 0; i < 50; i++) {
        health_frame(&health, (uint64_t)i, now += MS(2000));
    }
    assert_in_range(health.period_ns, MS(1980), MS(2020));
    assert_true(health_patience_ns(&health) == HEALTH_OFFLINE_NS);
    for (int i = 0; i < 50; i++) {
        health_frame(&health, (uint64_t)i, now += MS(4000));
    }
    assert_in_range(health_patience_ns(&health), MS(19800), MS(20200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_scripts),
        cmocka_unit_test(deadlines_are_exact),
        cmocka_unit_test(period_follows_the_camera),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
