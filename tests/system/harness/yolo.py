"""YOLO detection with OpenCV's own Python binding: pre- and postprocessing as the authors of each
family do it, written without a look at ringcast's. What ringcast sees is compared with this."""

import cv2
import numpy

CONF, IOU = 0.25, 0.45


class Network:
    """One network; `family` is yolov5, yolov8, yolox or darknet."""

    def __init__(self, model, family, side, names, weights=None):
        self.family, self.side, self.names = family, side, names
        if weights:
            self.net = cv2.dnn.readNetFromDarknet(str(model), str(weights))
        else:
            self.net = cv2.dnn.readNetFromONNX(str(model))
            self.net.enableFusion(False)  # OpenCV 4.6 is wrong about YOLO11 otherwise

    def detect(self, jpeg):
        """[(class, confidence, (left, top, width, height)), …] of a JPEG, the most confident first."""
        picture = cv2.imdecode(numpy.frombuffer(jpeg, numpy.uint8), cv2.IMREAD_COLOR)
        blob, to_picture = self._input(picture)
        self.net.setInput(blob)
        outputs = self.net.forward(self.net.getUnconnectedOutLayersNames())
        boxes, scores = self._rows(outputs)
        return self._suppress(picture, to_picture(boxes), scores)

    def _input(self, picture):
        height, width = picture.shape[:2]
        side = self.side
        if self.family == "darknet":
            def stretched(boxes):
                return boxes * numpy.array([width, height, width, height])
            return cv2.dnn.blobFromImage(picture, 1 / 255, (side, side), swapRB=True), stretched
        scale = min(side / width, side / height)
        if self.family == "yolox":
            small = cv2.resize(picture, (int(width * scale), int(height * scale)))
            canvas = numpy.full((side, side, 3), 114, numpy.uint8)
            canvas[:small.shape[0], :small.shape[1]] = small
            blob = canvas.transpose(2, 0, 1)[None].astype(numpy.float32)
            return numpy.ascontiguousarray(blob), lambda boxes: boxes / scale
        new_width, new_height = round(width * scale), round(height * scale)
        beside, above = (side - new_width) / 2, (side - new_height) / 2
        small = picture
        if (new_width, new_height) != (width, height):
            small = cv2.resize(picture, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
        left, right = round(beside - 0.1), round(beside + 0.1)
        top, bottom = round(above - 0.1), round(above + 0.1)
        canvas = cv2.copyMakeBorder(small, top, bottom, left, right, cv2.BORDER_CONSTANT,
                                    value=(114, 114, 114))
        assert canvas.shape[:2] == (side, side)
        blob = cv2.dnn.blobFromImage(canvas, 1 / 255, swapRB=True)
        return blob, lambda boxes: (boxes - [left, top, 0, 0]) / scale

    def _rows(self, outputs):
        """(centre x, centre y, width, height) and class scores of every candidate."""
        if self.family == "darknet":
            rows = numpy.concatenate(outputs)
            return rows[:, :4], rows[:, 5:]
        rows = outputs[0][0]
        if self.family == "yolov8":
            rows = rows.T
            return rows[:, :4], rows[:, 4:]
        if self.family == "yolox":
            rows = self._decode_yolox(rows)
        return rows[:, :4], rows[:, 4:5] * rows[:, 5:]

    def _decode_yolox(self, rows):
        cells, strides = [], []
        for stride in (8, 16, 32):
            count = self.side // stride
            x, y = numpy.meshgrid(numpy.arange(count), numpy.arange(count))
            cells.append(numpy.stack((x, y), 2).reshape(-1, 2))
            strides.append(numpy.full((count * count, 1), stride))
        cells, strides = numpy.concatenate(cells), numpy.concatenate(strides)
        rows = rows.copy()
        rows[:, :2] = (rows[:, :2] + cells) * strides
        rows[:, 2:4] = numpy.exp(rows[:, 2:4]) * strides
        return rows

    def _suppress(self, picture, boxes, scores):
        height, width = picture.shape[:2]
        best = scores.argmax(axis=1)
        confidence = scores[numpy.arange(len(scores)), best]
        left = numpy.clip(boxes[:, 0] - boxes[:, 2] / 2, 0, width)
        top = numpy.clip(boxes[:, 1] - boxes[:, 3] / 2, 0, height)
        right = numpy.clip(boxes[:, 0] + boxes[:, 2] / 2, 0, width)
        bottom = numpy.clip(boxes[:, 1] + boxes[:, 3] / 2, 0, height)
        found = []
        for number in set(best[confidence >= CONF].tolist()):
            of_class = numpy.flatnonzero((best == number) & (confidence >= CONF))
            rectangles = [(float(left[i]), float(top[i]), float(right[i] - left[i]),
                           float(bottom[i] - top[i])) for i in of_class]
            kept = cv2.dnn.NMSBoxes(rectangles, confidence[of_class].tolist(), CONF, IOU)
            for i in numpy.array(kept).flatten():
                found.append((self.names[number], float(confidence[of_class[i]]), rectangles[i]))
        return sorted(found, key=lambda detection: -detection[1])


def differences(ours, theirs, pixels=2.0, confidence=0.01):
    """What one list of detections has and the other has not; a detection so close to the threshold
    that the tolerance decides may be in either list alone."""
    missing = []

    def same(one, other):
        return (one[0] == other[0] and abs(one[1] - other[1]) <= confidence and
                all(abs(a - b) <= pixels for a, b in zip(one[2], other[2])))

    for name, these, those in (("only ours", ours, theirs), ("only OpenCV's", theirs, ours)):
        left = list(those)
        for detection in these:
            match = next((other for other in left if same(detection, other)), None)
            if match is not None:
                left.remove(match)
            elif detection[1] >= CONF + confidence:
                missing.append((name, detection))
    return missing
