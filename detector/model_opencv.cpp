#include "detector/model.h"

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

extern "C" {
#include "detector/layout.h"
#include "detector/model_file.h"
}

struct model {
    cv::dnn::Net net;
    std::string path;
    std::vector<std::string> names; /* of the blobs that forward() asks for */
    std::vector<cv::Mat> blobs;     /* what they held last */
    int input_shape[4];
    bool needs_factors; /* a product is multiplied on */
    bool head_is_apart; /* the blobs are boxes and raw scores, to be made into `joined` */
    cv::Mat joined;
};

namespace
{

struct named_number {
    const char *name;
    int number;
};

const named_number backends[] = {
    {"opencv", cv::dnn::DNN_BACKEND_OPENCV}, {"openvino", cv::dnn::DNN_BACKEND_INFERENCE_ENGINE},
    {"cuda", cv::dnn::DNN_BACKEND_CUDA},     {"vulkan", cv::dnn::DNN_BACKEND_VKCOM},
    {"halide", cv::dnn::DNN_BACKEND_HALIDE},
};

const named_number targets[] = {
    {"cpu", cv::dnn::DNN_TARGET_CPU},
    {"opencl", cv::dnn::DNN_TARGET_OPENCL},
    {"opencl_fp16", cv::dnn::DNN_TARGET_OPENCL_FP16},
    {"cuda", cv::dnn::DNN_TARGET_CUDA},
    {"cuda_fp16", cv::dnn::DNN_TARGET_CUDA_FP16},
    {"vulkan", cv::dnn::DNN_TARGET_VULKAN},
    {"myriad", cv::dnn::DNN_TARGET_MYRIAD},
};

template <size_t count> const char *name_of(const named_number (&table)[count], int number)
{
    for (const named_number &entry : table) {
        if (entry.number == number) {
            return entry.name;
        }
    }
    return nullptr;
}

template <size_t count> int number_of(const named_number (&table)[count], const char *name)
{
    for (const named_number &entry : table) {
        if (std::strcmp(entry.name, name) == 0) {
            return entry.number;
        }
    }
    return -1;
}

bool ends_with(const std::string &text, const char *end)
{
    size_t length = std::strlen(end);
    return text.size() >= length && text.compare(text.size() - length, length, end) == 0;
}

/* OpenCV prints every error to stderr before it throws; the text comes with the exception, and our
 * log has it in one line. */
int swallow_error(int, const char *, const char *, const char *, int, void *)
{
    return 0;
}

void silence_opencv()
{
    cv::redirectError(swallow_error);
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
}

/* Writes "<file>: <what>: <cause>" on one line; nothing where nobody asks (`error` NULL). */
void explain(char *error, const std::string &path, const char *what, const char *cause)
{
    if (error == nullptr) {
        return;
    }
    std::snprintf(error, MODEL_ERROR_SIZE, "%s: %s: %s", path.c_str(), what, cause);
    for (char *c = error; *c != '\0'; c++) {
        if (static_cast<unsigned char>(*c) < 0x20) {
            *c = ' ';
        }
    }
}

void explain(char *error, const std::string &path, const char *what, const cv::Exception &exception)
{
    if (error != nullptr) {
        std::string cause = "OpenCV " CV_VERSION ": " + exception.err + " in " + exception.func;
        model_file_explain(path.c_str(), what, cause.c_str(), error);
    }
}

/* The boundary that every entry point runs its work in: nothing is thrown out of it. */
template <typename Work>
bool guarded(char *error, const std::string &path, const char *what, Work work)
{
    try {
        work();
        return true;
    } catch (const cv::Exception &exception) {
        explain(error, path, what, exception);
    } catch (const std::exception &exception) {
        explain(error, path, what, exception.what());
    } catch (...) {
        explain(error, path, what, "an exception without a text");
    }
    return false;
}

/* The setters of cv::dnn::Net take anything and fall back to the CPU at the first forward, or throw
 * there; so the pair is looked for in what this build offers. */
bool choose_backend(const model_config &config, int *backend, int *target, char *error)
{
    bool by_default = std::strcmp(config.backend, "default") == 0;
    *backend = by_default ? cv::dnn::DNN_BACKEND_OPENCV : number_of(backends, config.backend);
    *target = number_of(targets, config.target);
    for (const auto &pair : cv::dnn::getAvailableBackends()) {
        if (pair.first == *backend && pair.second == *target) {
            return true;
        }
    }
    char available[256];
    model_describe_backends(available, sizeof available);
    std::snprintf(error, MODEL_ERROR_SIZE,
                  "this build of OpenCV has no backend %s with target %s; it has: %s",
                  config.backend, config.target, available);
    return false;
}

/* What OpenCV says of a file that is not there, or is a folder, leads nobody to the cause.
 * nullptr is no file. */
bool readable(const char *path, char *error)
{
    if (path != nullptr && access(path, R_OK) < 0) {
        explain(error, path, "cannot be read", std::strerror(errno));
        return false;
    }
    struct stat status;
    if (path != nullptr && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        explain(error, path, "cannot be read", std::strerror(EISDIR));
        return false;
    }
    return true;
}

/* How many values of a .weights file the network has taken, or would have, had
 * there been so many. */
size_t values_of_weights(cv::dnn::Net &net)
{
    size_t values = 0;
    for (const std::string &name : net.getLayerNames()) {
        cv::Ptr<cv::dnn::Layer> layer = net.getLayer(net.getLayerId(name));
        if (layer->type == "Convolution" || layer->type == "BatchNorm" ||
            layer->type == "InnerProduct") {
            for (const cv::Mat &blob : layer->blobs) {
                values += blob.total();
            }
        }
    }
    return values;
}

bool load_darknet(model &model, const char *weights, char *error)
{
    model.net = cv::dnn::readNetFromDarknet(model.path); /* a mistake in it is told first */
    if (weights == nullptr) {
        model_file_refuse(model.path.c_str(),
                          "a Darknet network needs its .weights: name them in detector.weights",
                          error);
        return false;
    }
    if (!model_file_has_weights(weights, error)) {
        return false;
    }
    model.net = cv::dnn::readNetFromDarknet(model.path, std::string(weights));
    return model_file_check_weights(weights, values_of_weights(model.net), error);
}

void load_onnx(model &model)
{
    model.net = cv::dnn::readNetFromONNX(model.path);
    /* With fusion OpenCV 4.6 drops the scalar after a MatMul: a YOLO11 then answers, but wrongly.
     * Without it the YOLO networks are as fast as before. */
    model.net.enableFusion(false);
    model.needs_factors = model_file_needs_factors(model.path.c_str());
}

/* False with the cause in `error`, or an exception. */
bool load(model &model, const model_config &config, char *error)
{
    if (!ends_with(model.path, ".cfg")) {
        load_onnx(model);
    } else if (!load_darknet(model, config.weights, error)) {
        return false;
    }
    model.names = model.net.getUnconnectedOutLayersNames();
    return true;
}

/* The last steps of a stock YOLOv8 or v11 export are: boxes in cells times the stride of their
 * column, the sigmoid of the scores, both joined. OpenCV 4.6 cannot multiply by that constant row,
 * so these steps are ours and the network is asked for what goes into them. (Not for the sigmoid:
 * in a v11 it stands behind the multiplication.) False where there is no such head. */
bool take_head_apart(model &model)
{
    static const char last[] = "/Concat_3";
    const std::vector<std::string> layers = model.net.getLayerNames();
    auto has = [&](const std::string &name) {
        return std::find(layers.begin(), layers.end(), name) != layers.end();
    };
    for (const std::string &layer : layers) {
        if (!ends_with(layer, last)) {
            continue;
        }
        std::string head = layer.substr(0, layer.size() - std::strlen(last));
        if (has(head + "/dfl/Softmax") && has(head + "/Mul_2") && has(head + "/Concat_1") &&
            has(head + "/Concat_2")) {
            model.names = {head + "/Concat_2", head + "/Concat_1"};
            model.head_is_apart = true;
            return true;
        }
    }
    return false;
}

void join_head(model &model)
{
    const cv::Mat &boxes = model.blobs.at(0), &scores = model.blobs.at(1);
    CV_Assert(boxes.dims == 3 && scores.dims == 3 && boxes.size[1] == 4 &&
              boxes.size[2] == scores.size[2] && boxes.isContinuous() && scores.isContinuous());
    int columns = boxes.size[2];
    int shape[] = {1, 4 + scores.size[1], columns};
    model.joined.create(3, shape, CV_32F);
    float *out = model.joined.ptr<float>();
    CV_Assert(layout_grid_cells(model.input_shape[3], model.input_shape[2]) ==
              static_cast<size_t>(columns));
    int column = 0;
    for (int stride = 8; stride <= 32; stride *= 2) {
        int end = column + (model.input_shape[2] / stride) * (model.input_shape[3] / stride);
        for (; column < end; column++) {
            for (int row = 0; row < 4; row++) {
                int at = row * columns + column;
                out[at] = boxes.ptr<float>()[at] * static_cast<float>(stride);
            }
        }
    }
    cv::Mat sigmoid(1, static_cast<int>(scores.total()), CV_32F, out + 4 * columns);
    cv::exp(-scores.reshape(1, 1), sigmoid);
    sigmoid = 1 / (1 + sigmoid);
}

void run(model &model, const cv::Mat &input)
{
    model.net.setInput(input);
    model.net.forward(model.blobs, model.names);
    if (model.head_is_apart) {
        join_head(model);
        model.blobs.assign(1, model.joined);
    }
}

bool usable(const cv::Mat &blob)
{
    return blob.depth() == CV_32F && blob.isContinuous() && blob.dims <= MODEL_DIMS_MAX;
}

void describe(const cv::Mat &blob, model_output *output)
{
    output->data = blob.ptr<float>();
    output->dims = blob.dims;
    for (int i = 0; i < blob.dims; i++) {
        output->shape[i] = blob.size[i];
    }
}

} // namespace

struct model *model_create(const struct model_config *config, char error[MODEL_ERROR_SIZE])
{
    std::unique_ptr<model> result;
    std::string path;
    guarded(error, path, "cannot be loaded", [&] {
        silence_opencv();
        path = config->path;
        int backend, target;
        if (!choose_backend(*config, &backend, &target, error) || !readable(config->path, error) ||
            !readable(config->weights, error) || !model_file_check(config->path, error)) {
            return;
        }
        auto made = std::make_unique<model>();
        made->path = path;
        made->input_shape[0] = 1;
        made->input_shape[1] = 3;
        made->input_shape[2] = config->input_height;
        made->input_shape[3] = config->input_width;
        if (!load(*made, *config, error)) {
            return;
        }
        made->net.setPreferableBackend(backend);
        made->net.setPreferableTarget(target);
        result = std::move(made);
    });
    return result.release();
}

void model_destroy(struct model *model)
{
    delete model;
}

int model_forward(struct model *model, const float *input,
                  struct model_output outputs[MODEL_OUTPUTS_MAX], size_t *output_count,
                  char error[MODEL_ERROR_SIZE])
{
    *output_count = 0;
    bool fine = guarded(error, model->path, "cannot be run", [&] {
        /* setInput() only reads; cv::Mat has no form for constant memory. */
        cv::Mat blob(4, model->input_shape, CV_32F, const_cast<float *>(input));
        try {
            run(*model, blob);
        } catch (const cv::Exception &) {
            if (model->head_is_apart || !take_head_apart(*model)) {
                throw;
            }
            run(*model, blob);
        }
        size_t count = std::min(model->blobs.size(), size_t{MODEL_OUTPUTS_MAX});
        for (size_t i = 0; i < count; i++) {
            if (usable(model->blobs[i])) {
                describe(model->blobs[i], &outputs[(*output_count)++]);
            }
        }
    });
    return fine ? 0 : -1;
}

void model_describe_cures(const struct model *model, char *out, size_t out_size)
{
    const char *head = "the last steps of the head are ringcast's own, OpenCV cannot do them";
    const char *factors = "no fusion of layers, with which OpenCV loses a factor";
    std::snprintf(out, out_size, "%s%s%s", model->head_is_apart ? head : "",
                  model->head_is_apart && model->needs_factors ? "; " : "",
                  model->needs_factors ? factors : "");
}

void model_describe_backends(char *out, size_t out_size)
{
    guarded(nullptr, {}, nullptr, [&] {
        size_t used = 0;
        out[0] = '\0';
        for (const auto &pair : cv::dnn::getAvailableBackends()) {
            const char *backend = name_of(backends, pair.first);
            const char *target = name_of(targets, pair.second);
            if (backend != nullptr && target != nullptr && used < out_size) {
                used += static_cast<size_t>(std::snprintf(out + used, out_size - used, "%s%s/%s",
                                                          used > 0 ? ", " : "", backend, target));
            }
        }
    });
}

void model_set_threads(int threads)
{
    guarded(nullptr, {}, nullptr, [&] { cv::setNumThreads(threads); });
}
