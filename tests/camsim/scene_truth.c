#include "tests/camsim/scene_truth.h"

#define PLACES 1e5 /* of relative coordinates and shares */

static json_t *truth_rounded(double value)
{
    return json_real(floor(value * PLACES + 0.5) / PLACES);
}

static json_t *truth_box(struct scene_box box)
{
    return box.width > 0 ? json_pack("[i, i, i, i]", box.x, box.y, box.width, box.height)
                         : json_null();
}

static json_t *truth_space(const struct scene_space *space, const struct scene_view *view)
{
    json_t *polygon = json_array();
    for (int i = 0; i < 4; i++) {
        struct scene_vector corner = {space->corners[i].x, space->corners[i].y, 0};
        struct scene_pixel seen = scene_view_project(view, corner);
        json_array_append_new(
            polygon, json_pack("[o, o]", truth_rounded(scene_clamp(seen.x / view->width, 0, 1)),
                               truth_rounded(scene_clamp(seen.y / view->height, 0, 1))));
    }
    return json_pack("{s:s, s:s, s:o}", "id", space->id, "name", space->name, "polygon", polygon);
}

json_t *scene_truth_spaces(const struct scene_layout *layout, const struct scene_view *view)
{
    json_t *spaces = json_array();
    for (int i = 0; i < layout->space_count; i++) {
        json_array_append_new(spaces, truth_space(&layout->spaces[i], view));
    }
    return spaces;
}

/* The space that an object stands in. */
static json_t *truth_place(const struct scene_world *world, int identity)
{
    for (int i = 0; i < world->layout->space_count; i++) {
        if (scene_world_occupant(world, i) == identity) {
            return json_string(world->layout->spaces[i].id);
        }
    }
    return json_null();
}

static json_t *truth_object(const struct scene_seen *seen, const struct scene_world *world)
{
    bool car = seen->car != NULL;
    int identity = car ? seen->car->identity : seen->person->identity;
    bool moving = car ? seen->car->speed > 0 : seen->person->pause <= 0;
    return json_pack("{s:s, s:i, s:o, s:o, s:o, s:b, s:o}", "class", car ? "car" : "person", "id",
                     identity, "box", truth_box(seen->box), "visible",
                     truth_rounded((double)seen->visible_area / seen->area), "visible_box",
                     truth_box(seen->visible), "moving", moving, "space",
                     car ? truth_place(world, identity) : json_null());
}

json_t *scene_truth_frame(const struct scene_render *render, const struct scene_world *world,
                          double phase, uint64_t number)
{
    const struct scene_view *view = scene_render_view(render);
    json_t *objects = json_array();
    int count;
    const struct scene_seen *seen = scene_render_seen(render, &count);
    for (int i = 0; i < count; i++) {
        if (seen[i].box.width > 0) {
            json_array_append_new(objects, truth_object(&seen[i], world));
        }
    }
    json_t *spaces = scene_truth_spaces(world->layout, view), *space;
    size_t index;
    json_array_foreach(spaces, index, space)
    {
        int car = scene_world_occupant(world, (int)index);
        json_object_set_new(space, "state", json_string(car > 0 ? "occupied" : "free"));
        json_object_set_new(space, "car", car > 0 ? json_integer(car) : json_null());
    }
    return json_pack("{s:I, s:o, s:o, s:i, s:i, s:o, s:o}", "frame", (json_int_t)number, "time",
                     truth_rounded(world->time), "phase", truth_rounded(phase), "width",
                     view->width, "height", view->height, "objects", objects, "spaces", spaces);
}
