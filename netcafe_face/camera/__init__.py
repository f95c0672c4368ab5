"""Camera sources: webcam, RTSP, video file, image folder; time-outs and reconnecting."""
