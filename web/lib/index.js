// The ringcast client library: `WebSocketStreamManager` keeps streams coming over one connection,
// `CanvasStreamRenderer` draws what it brings.

export { CanvasStreamRenderer } from './canvas_renderer.js';
export { FrameFormatError, decodeFrame } from './frame_container.js';
export { RateMeter } from './rate_meter.js';
export { ServerClock } from './server_clock.js';
export { WebSocketStreamManager } from './stream_manager.js';
