"""The discovery server: aggregated xDS over gRPC, for sidecars whose configuration comes from a directory.

`protocol`, `sotw` and `delta` are the protocol without I/O; `service` puts them on grpc.aio; `debug` is
the HTTP side. Needs the extra `xds` (grpcio).
"""
