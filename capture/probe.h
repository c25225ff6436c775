/* `ringcast-capture --probe`: is there a camera, and what does it show? Reads the description
 * of one from stdin (so that no password stands on a command line), connects, ends with its
 * first whole picture. */
#ifndef CAPTURE_PROBE_H
#define CAPTURE_PROBE_H

/* Reads {"source": "mjpeg" or "snapshot", "url", "user"?, "password"?, "tls_verify"?,
 * "max_frame_bytes"?} from stdin. Writes one line to stdout, and behind it the picture:
 *   {"ok":true,"size","width","height","content_type","fps"}  (fps null: not known)
 *   {"ok":false,"error":"401: user and password are needed"}
 * after 11 s at most. The exit code: 0 for both, EXIT_CONFIG for a description that is none. */
int probe_run(void);

#endif
