"""The types of the extensions that Envoy 1.40 has, by category; written by tools/extension_types.py.

Types of one package are told together.
"""

TABLE = """
envoy.access_loggers:
  envoy.extensions.access_loggers. dynamic_modules.v3.DynamicModuleAccessLog file.v3.FileAccessLog
  fluentd.v3.FluentdAccessLogConfig grpc.v3.HttpGrpcAccessLogConfig grpc.v3.TcpGrpcAccessLogConfig
  open_telemetry.v3.OpenTelemetryAccessLogConfig stats.v3.Config stream.v3.StderrAccessLog stream.v3.StdoutAccessLog
  wasm.v3.WasmAccessLog
envoy.access_loggers.extension_filters:
  envoy.extensions.access_loggers. filters.cel.v3.ExpressionFilter
  filters.process_ratelimit.v3.ProcessRateLimitFilter
envoy.bootstrap:
  envoy.extensions.bootstrap. dynamic_modules.v3.DynamicModuleBootstrapExtension
  internal_listener.v3.InternalListener
  reverse_tunnel.downstream_socket_interface.v3.DownstreamReverseConnectionSocketInterface
  reverse_tunnel.upstream_socket_interface.v3.UpstreamReverseConnectionSocketInterface envoy.extensions.network.
  socket_interface.sockmap.v3.Sockmap socket_interface.v3.DefaultSocketInterface envoy.extensions.wasm.
  v3.WasmService
envoy.clusters:
  envoy.extensions.clusters. aggregate.v3.ClusterConfig composite.v3.ClusterConfig dns.v3.DnsCluster
  dynamic_forward_proxy.v3.ClusterConfig dynamic_modules.v3.ClusterConfig mcp_multicluster.v3.ClusterConfig
  original_dst.v3.OriginalDstCluster redis.v3.RedisClusterConfig
  reverse_connection.v3.ReverseConnectionClusterConfig
envoy.config.validators:
  envoy.extensions.config. validators.dynamic_modules.v3.DynamicModuleConfigValidator
  validators.minimum_clusters.v3.MinimumClustersValidator
envoy.filters.http:
  envoy.extensions.common. matching.v3.ExtensionWithMatcher matching.v3.ExtensionWithMatcherPerRoute
  envoy.extensions.filters. http.a2a.v3.A2a http.adaptive_concurrency.v3.AdaptiveConcurrency
  http.admission_control.v3.AdmissionControl http.ai_protocol_manager.v3.AiProtocolManager
  http.ai_protocol_manager.v3.AiProtocolManagerPerRoute http.alternate_protocols_cache.v3.FilterConfig
  http.api_key_auth.v3.ApiKeyAuth http.api_key_auth.v3.ApiKeyAuthPerRoute
  http.aws_eventstream_parser.v3.AwsEventstreamParser http.aws_lambda.v3.Config http.aws_lambda.v3.PerRouteConfig
  http.aws_request_signing.v3.AwsRequestSigning http.aws_request_signing.v3.AwsRequestSigningPerRoute
  http.bandwidth_limit.v3.BandwidthLimit http.bandwidth_share.v3.BandwidthShare http.basic_auth.v3.BasicAuth
  http.basic_auth.v3.BasicAuthPerRoute http.body_size_limit.v3.BodySizeLimit http.buffer.v3.Buffer
  http.buffer.v3.BufferPerRoute http.cache.v3.CacheConfig http.cache_v2.v3.CacheV2Config
  http.cdn_loop.v3.CdnLoopConfig http.composite.v3.Composite http.composite.v3.CompositePerRoute
  http.compressor.v3.Compressor http.compressor.v3.CompressorPerRoute http.connect_grpc_bridge.v3.FilterConfig
  http.cors.v3.Cors http.cors.v3.CorsPolicy http.credential_injector.v3.CredentialInjector http.csrf.v3.CsrfPolicy
  http.custom_response.v3.CustomResponse http.decompressor.v3.Decompressor
  http.dynamic_forward_proxy.v3.FilterConfig http.dynamic_forward_proxy.v3.PerRouteConfig
  http.dynamic_modules.v3.DynamicModuleFilter http.dynamic_modules.v3.DynamicModuleFilterPerRoute
  http.ext_authz.v3.ExtAuthz http.ext_authz.v3.ExtAuthzPerRoute http.ext_proc.v3.ExtProcPerRoute
  http.ext_proc.v3.ExternalProcessor http.fault.v3.HTTPFault http.file_server.v3.FileServerConfig
  http.file_system_buffer.v3.FileSystemBufferFilterConfig http.filter_chain.v3.FilterChainConfig
  http.filter_chain.v3.FilterChainConfigPerRoute http.gcp_authn.v3.GcpAuthnFilterConfig http.geoip.v3.Geoip
  http.grpc_field_extraction.v3.GrpcFieldExtractionConfig http.grpc_http1_bridge.v3.Config
  http.grpc_http1_reverse_bridge.v3.FilterConfig http.grpc_http1_reverse_bridge.v3.FilterConfigPerRoute
  http.grpc_json_reverse_transcoder.v3.GrpcJsonReverseTranscoder http.grpc_json_transcoder.v3.GrpcJsonTranscoder
  http.grpc_stats.v3.FilterConfig http.grpc_web.v3.GrpcWeb http.header_mutation.v3.HeaderMutation
  http.header_mutation.v3.HeaderMutationPerRoute http.header_to_metadata.v3.Config http.health_check.v3.HealthCheck
  http.ip_tagging.v3.IPTagging http.json_to_metadata.v3.JsonToMetadata http.jwt_authn.v3.JwtAuthentication
  http.jwt_authn.v3.PerRouteConfig http.local_ratelimit.v3.LocalRateLimit http.lua.v3.Lua http.lua.v3.LuaPerRoute
  http.mcp.v3.Mcp http.mcp.v3.McpOverride http.mcp_json_rest_bridge.v3.McpJsonRestBridge
  http.mcp_json_rest_bridge.v3.McpJsonRestBridgePerRoute http.mcp_router.v3.McpRouter http.oauth2.v3.OAuth2
  http.oauth2.v3.OAuth2PerRoute http.on_demand.v3.OnDemand http.on_demand.v3.PerRouteConfig
  http.original_src.v3.OriginalSrc http.proto_api_scrubber.v3.ProtoApiScrubberConfig
  http.proto_message_extraction.v3.ProtoMessageExtractionConfig http.rate_limit_quota.v3.RateLimitQuotaFilterConfig
  http.rate_limit_quota.v3.RateLimitQuotaOverride http.ratelimit.v3.RateLimit http.ratelimit.v3.RateLimitPerRoute
  http.rbac.v3.RBAC http.rbac.v3.RBACPerRoute http.router.v3.Router http.set_filter_state.v3.Config
  http.set_metadata.v3.Config http.sse_to_metadata.v3.SseToMetadata http.stateful_session.v3.StatefulSession
  http.stateful_session.v3.StatefulSessionPerRoute http.tap.v3.Tap http.thrift_to_metadata.v3.ThriftToMetadata
  http.transform.v3.TransformConfig http.wasm.v3.Wasm
envoy.filters.listener:
  envoy.extensions.filters. listener.dynamic_modules.v3.DynamicModuleListenerFilter
  listener.http_inspector.v3.HttpInspector listener.local_ratelimit.v3.LocalRateLimit
  listener.original_dst.v3.OriginalDst listener.original_src.v3.OriginalSrc listener.proxy_protocol.v3.ProxyProtocol
  listener.set_filter_state.v3.Config listener.tls_inspector.v3.TlsInspector
envoy.filters.network:
  envoy.extensions.filters. network.connection_limit.v3.ConnectionLimit network.direct_response.v3.Config
  network.dubbo_proxy.v3.DubboProxy network.dynamic_modules.v3.DynamicModuleNetworkFilter network.echo.v3.Echo
  network.ext_authz.v3.ExtAuthz network.ext_proc.v3.NetworkExternalProcessor network.generic_proxy.v3.GenericProxy
  network.geoip.v3.Geoip network.http_connection_manager.v3.HttpConnectionManager
  network.local_ratelimit.v3.LocalRateLimit network.mongo_proxy.v3.MongoProxy network.ratelimit.v3.RateLimit
  network.rbac.v3.RBAC network.redis_proxy.v3.RedisProxy network.reverse_tunnel.v3.DrainAwareHttpConnectionManager
  network.reverse_tunnel.v3.ReverseTunnel network.set_filter_state.v3.Config network.sni_cluster.v3.SniCluster
  network.sni_dynamic_forward_proxy.v3.FilterConfig network.tcp_bandwidth_limit.v3.TcpBandwidthLimit
  network.tcp_proxy.v3.TcpProxy network.thrift_proxy.v3.ThriftProxy network.wasm.v3.Wasm
  network.zookeeper_proxy.v3.ZooKeeperProxy
envoy.formatter:
  envoy.extensions.formatter. cel.v3.Cel dynamic_modules.v3.DynamicModuleFormatter file_content.v3.FileContent
  generic_secret.v3.GenericSecret metadata.v3.Metadata req_without_query.v3.ReqWithoutQuery
envoy.guarddog_actions:
  envoy.extensions.watchdog. backtrace_action.v3.BacktraceActionConfig profile_action.v3.ProfileActionConfig
  envoy.watchdog. v3.AbortActionConfig
envoy.health_check.event_sinks:
  envoy.extensions.health_check. event_sinks.file.v3.HealthCheckEventFileSink
envoy.health_checkers:
  envoy.config.core. v3.HealthCheck.GrpcHealthCheck v3.HealthCheck.HttpHealthCheck v3.HealthCheck.TcpHealthCheck
  envoy.extensions.health_checkers. dynamic_modules.v3.DynamicModuleHealthCheck redis.v3.Redis thrift.v3.Thrift
  udp.v3.UdpHealthCheck
envoy.http.early_header_mutation:
  envoy.extensions.http. early_header_mutation.dynamic_modules.v3.DynamicModuleEarlyHeaderMutation
  early_header_mutation.header_mutation.v3.HeaderMutation
envoy.http.original_ip_detection:
  envoy.extensions.http. original_ip_detection.custom_header.v3.CustomHeaderConfig
  original_ip_detection.xff.v3.XffConfig
envoy.http.stateful_header_formatters:
  envoy.extensions.http. header_formatters.dynamic_modules.v3.DynamicModuleHeaderFormatter
  header_formatters.preserve_case.v3.PreserveCaseFormatterConfig
envoy.http.stateful_session:
  envoy.extensions.http. stateful_session.cookie.v3.CookieBasedSessionState
  stateful_session.envelope.v3.EnvelopeSessionState stateful_session.header.v3.HeaderBasedSessionState
envoy.matching.action:
  envoy.config.core. v3.SubstitutionFormatString envoy.extensions.matching.
  common_inputs.transport_socket.v3.TransportSocketNameAction
envoy.matching.common_inputs:
  envoy.extensions.matching. common_inputs.environment_variable.v3.Config
envoy.matching.input_matchers:
  envoy.extensions.filters. network.generic_proxy.matcher.v3.RequestMatcher envoy.extensions.matching.
  input_matchers.consistent_hashing.v3.ConsistentHashing input_matchers.dynamic_modules.v3.DynamicModuleMatcher
  input_matchers.ip.v3.Ip input_matchers.metadata.v3.Metadata input_matchers.runtime_fraction.v3.RuntimeFraction
  xds.type. matcher.v3.CelMatcher
envoy.matching.stat_matching_data.input:
  envoy.extensions.matching. common_inputs.stats.v3.StatFullNameMatchInput
envoy.matching.stat_tag_matching_data.input:
  envoy.extensions.matching. common_inputs.stats.v3.StatTagValueInput
envoy.matching.transport_socket.input:
  envoy.extensions.matching. common_inputs.transport_socket.v3.EndpointMetadataInput
  common_inputs.transport_socket.v3.FilterStateInput common_inputs.transport_socket.v3.LocalityMetadataInput
envoy.network.connection_balance:
envoy.path.match:
  envoy.extensions.path. match.uri_template.v3.UriTemplateMatchConfig
envoy.path.rewrite:
  envoy.extensions.path. rewrite.uri_template.v3.UriTemplateRewriteConfig
envoy.queue_policy:
  envoy.extensions.queue_policy. fifo.v3.FifoQueuePolicyConfig
envoy.rate_limit_descriptors:
  envoy.extensions.rate_limit_descriptors. expr.v3.Descriptor jwt_claim.v3.Descriptor
envoy.regex_engines:
  envoy.extensions.regex_engines. v3.GoogleRE2
envoy.request_id:
  envoy.extensions.request_id. uuid.v3.UuidRequestIdConfig
envoy.resource_monitors:
  envoy.extensions.resource_monitors. cgroup_memory.v3.CgroupMemoryConfig cpu_utilization.v3.CpuUtilizationConfig
  fixed_heap.v3.FixedHeapConfig injected_resource.v3.InjectedResourceConfig
envoy.retry_options_predicates:
envoy.route.early_data_policy:
  envoy.extensions.early_data. v3.DefaultEarlyDataPolicy
envoy.router.route_specifiers:
  envoy.extensions.router. route_specifiers.dynamic_modules.v3.DynamicModuleRouteSpecifier
envoy.stats_sinks:
  envoy.config.metrics. v3.DogStatsdSink v3.HystrixSink v3.MetricsServiceConfig v3.StatsdSink
  envoy.extensions.stat_sinks. dynamic_modules.v3.DynamicModuleStatsSink graphite_statsd.v3.GraphiteStatsdSink
  open_telemetry.v3.SinkConfig wasm.v3.Wasm
envoy.string_matcher:
  envoy.extensions.string_matcher. lua.v3.Lua
envoy.tls.certificate_selectors:
  envoy.extensions.transport_sockets. tls.cert_selectors.on_demand_secret.v3.Config
envoy.tls.upstream_certificate_selectors:
  envoy.extensions.transport_sockets. tls.cert_selectors.on_demand_secret.v3.Config
envoy.tls_handshakers:
  envoy.extensions.transport_sockets. tls.handshakers.dynamic_modules.v3.DynamicModuleTlsHandshaker
envoy.tracers:
  envoy.config.trace. v3.DatadogConfig v3.OpenTelemetryConfig v3.SkyWalkingConfig v3.XRayConfig v3.ZipkinConfig
  envoy.extensions.tracers. dynamic_modules.v3.DynamicModuleTracer fluentd.v3.FluentdConfig
envoy.tracers.opentelemetry.resource_detectors:
  envoy.extensions.tracers. opentelemetry.resource_detectors.v3.DynatraceResourceDetectorConfig
  opentelemetry.resource_detectors.v3.EnvironmentResourceDetectorConfig
  opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig
envoy.tracers.opentelemetry.samplers:
  envoy.extensions.tracers. opentelemetry.samplers.v3.AlwaysOnSamplerConfig
  opentelemetry.samplers.v3.CELSamplerConfig opentelemetry.samplers.v3.DynatraceSamplerConfig
  opentelemetry.samplers.v3.ParentBasedSamplerConfig opentelemetry.samplers.v3.TraceIdRatioBasedSamplerConfig
envoy.upstream.local_address_selector:
  envoy.config.upstream. local_address_selector.v3.DefaultLocalAddressSelector
  envoy.extensions.local_address_selectors. filter_state_override.v3.Config
"""
