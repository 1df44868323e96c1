# cython: boundscheck=True, nonecheck=True
"""What became of a connection: the facts that its listener filters left, and what the chosen filter
chain does with it.

Rules of the network filters:

* NF-04: `weighted_clusters` first, then the server name where sni_cluster precedes, then `cluster`.
* NF-05: pick = random % total weight; the first entry whose cumulative weight exceeds it.
* NF-03: a cluster that does not exist is found missing when the connection arrives, and closes it.
* NF-12: a connection that RBAC denies is closed after its cluster was chosen, with its first data; one
  whose cluster is missing is closed before.

A `Chain` is the working state of `ListenerTable.connect` until that returns; afterwards nothing changes it.
"""

cimport cython

from fastroute.core.cidr cimport ip_to_str, is_loopback, same_ip


@cython.final
cdef class ChainEntry:
    """What one filter chain does with its connections; built by `fastroute.compile.network_filters`.

    `weighted`: cluster, weight and metadata match of each weighted cluster. `checks`: called with the
    `Chain`, each answers whether the connection passes, and the name of the policy that decided.
    `known_clusters`: the clusters that exist, None when that is not known. `tls`: what is known of a client's
    certificate where nobody says, on a chain that speaks TLS; None on one that does not.
    """

    def __cinit__(
        self, *, str name, int index, str kind, str reason="", cluster=None, weighted=(), bint from_server_name=False,
        manager=None, str route_config="", body=None, checks=(), filters=(), metadata_match=None, hash_policy=None,
        known_clusters=None, tls=None,
    ):
        self.name = name
        self.index = index
        self.kind = kind
        self.is_tcp = kind == "tcp"
        self.reason = reason
        self.cluster = cluster
        self.weighted = tuple(weighted)
        self.total = sum([entry[1] for entry in self.weighted])
        self.from_server_name = from_server_name
        self.manager = manager
        self.route_config = route_config
        self.body = body
        self.checks = tuple(checks)
        self.filters = tuple(filters)
        self.metadata_match = metadata_match
        self.hash_policy = hash_policy
        self.known_clusters = known_clusters
        self.tls = tls


@cython.final
@cython.freelist(64)
cdef class Chain:
    """The filter chain of a connection, the facts it was chosen by, and what it does. Read-only.

    A chain of kind "closed" says why in `reason`: `filter_chain_not_found`, `cluster_not_found`,
    `no_network_filters`, `rbac_access_denied_matched_policy[NAME]` as Envoy's access log has them;
    `listener_filter_closed` (a listener filter refused the bytes), `listener_filter_timeout` (it needs
    more bytes and its timeout closes), `listener_filter_waiting` (the same without a timeout);
    `undecidable` where lenient loading let a chain through that cannot be decided.

    `kind` is `http`, `tcp`, `respond` or `closed`. `accepting` is the listener whose socket took the connection,
    `listener` the one that kept it. `cluster` and `metadata_match` are a TCP proxy's, `policy` is that of the last
    RBAC filter. The facts are `transport_protocol`, `server_name`, `application_protocols`, `tls`, `local_address`,
    `destination_port`, `source_port`, `direct_port` and `restored`; `marks` is what tells `notices`.
    """

    @property
    def destination(self):
        """The local address after the listener filters."""
        return ip_to_str(&self.destination_ip) if self.destination_ip.family else "", self.destination_port

    @property
    def source(self):
        """The remote address after the listener filters."""
        return ip_to_str(&self.source_ip) if self.source_ip.family else "", self.source_port

    @property
    def direct_source(self):
        """The socket's peer."""
        return ip_to_str(&self.direct_ip) if self.direct_ip.family else "", self.direct_port

    @property
    def original_destination(self):
        """Where an ORIGINAL_DST cluster sends the connection; None: it has no endpoint for it."""
        return self.destination if self.restored else None

    @property
    def local(self):
        """Whether `source_type: SAME_IP_OR_LOOPBACK` holds."""
        return self.is_local()

    @property
    def filter_chain(self):
        """Name of the filter chain ("" when it has none); None when none was chosen."""
        return None if self.entry is None else self.entry.name

    @property
    def index(self):
        """Position of the filter chain in its listener; -1 for the default chain and for none."""
        return -1 if self.entry is None else self.entry.index

    @property
    def filters(self):
        """Names of the chain's network filters, in order."""
        return () if self.entry is None else self.entry.filters

    @property
    def manager(self):
        """The compiled HTTP connection manager of an HTTP chain."""
        return None if self.entry is None else self.entry.manager

    @property
    def route_config(self):
        """Name of the manager's route configuration, inline or by RDS."""
        return "" if self.entry is None else self.entry.route_config

    @property
    def notices(self):
        """What lenient loading let through and this choice touches; empty when it is exact."""
        return () if self.marks is None else self.marks.of_chain(self)

    @property
    def body(self):
        """What a direct response answers with; None for echo."""
        return None if self.entry is None else self.entry.body

    @property
    def hash(self):
        """The TCP proxy's hash, None without a hash policy."""
        if self.entry is None or self.entry.hash_policy is None:
            return None
        return self.entry.hash_policy(self)

    @property
    def dynamic_metadata(self):
        """What listener filters stored about the connection, by namespace."""
        return {} if self.metadata is None else self.metadata

    def __repr__(self):
        return (
            f"<Chain listener={self.listener!r} filter_chain={self.filter_chain!r} kind={self.kind!r}"
            f" cluster={self.cluster!r} reason={self.reason!r}>"
        )

    cdef bint is_local(self) noexcept:
        """The peer is this host, as FilterChainMatch.source_type understands it (FC-10)."""
        if self.source_ip.family == 0:
            return True
        return same_ip(&self.source_ip, &self.destination_ip) or is_loopback(&self.source_ip)

    cdef int close(self, str reason) except -1:
        self.kind = "closed"
        self.reason = reason
        return 0

    cdef int choose(self, ChainEntry entry, object random) except -1:
        """Take the filter chain `entry` and do what its network filters do."""
        self.entry = entry
        self.kind = entry.kind
        self.reason = entry.reason
        if self.tls is None:
            self.tls = entry.tls
        if entry.is_tcp:
            self.metadata_match = entry.metadata_match
            if entry.weighted:
                self.pick_weighted(entry, random() if callable(random) else random)
            elif entry.from_server_name and self.server_name:
                self.cluster = self.server_name
            else:
                self.cluster = entry.cluster
            if entry.known_clusters is not None and self.cluster not in entry.known_clusters:
                return self.close("cluster_not_found")
        for check in entry.checks:
            verdict = check(self)
            self.policy = verdict[1]
            if not verdict[0]:
                self.close(f"rbac_access_denied_matched_policy[{verdict[1] or 'none'}]")
                break
        return 0

    cdef int pick_weighted(self, ChainEntry entry, object random) except -1:
        cdef object left = random % entry.total
        for name, weight, metadata in entry.weighted:
            if left < weight:
                self.cluster = name
                self.metadata_match = metadata
                return 0
            left -= weight
        return 0
