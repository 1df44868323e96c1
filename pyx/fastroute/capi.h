/* The C API of fastroute: a versioned table of function pointers, imported once.

       #include <Python.h>
       #include <fastroute/capi.h>

       const fastroute_api *api = fastroute_import();      NULL with an exception set
       PyObject *table = api->table(router, NULL);          a new reference; keep it as long as you ask
       fastroute_found found;
       switch (api->find(table, host, host_size, path, path_size, &found)) { ... }

   The folder above this one is the include path: that of the installed package, or pyx/ in a checkout.

   Within a major version functions are only added, at the end; `version` and `size` tell what is there. Texts need
   no terminating NUL. Nothing keeps a pointer to the caller's texts beyond the call. */

#ifndef FASTROUTE_CAPI_H
#define FASTROUTE_CAPI_H

#include <Python.h>
#include <stdint.h>

#define FASTROUTE_API_VERSION 1
#define FASTROUTE_API_CAPSULE "fastroute.core.capi._v1"

enum {
    FASTROUTE_FOUND = 0,       /* `found` says which route takes the request */
    FASTROUTE_NO_ROUTE = 1,        /* no route does: Envoy answers 404 */
    FASTROUTE_ASK = 2          /* more than authority and path decides: ask `route` */
};

typedef struct {
    uint32_t part;             /* of a table that was revised; else 0 */
    uint32_t route;            /* the number of the route, counted over all virtual hosts of the part */
} fastroute_found;

typedef struct {
    uint32_t version;          /* FASTROUTE_API_VERSION */
    uint32_t size;             /* of this structure: a later minor version has more functions */

    /* The table of a route configuration of a `fastroute.Router`; `name` is a str, or NULL for the only one. New
       reference; NULL with LookupError or TypeError. It stays what it is when the router's snapshot is swapped. */
    PyObject *(*table)(PyObject *router, PyObject *name);

    /* Which route takes `GET path` for `authority`, sent over plain HTTP with no other header: FASTROUTE_FOUND, _NO_ROUTE
       or _ASK. Exact or ASK: whatever needs normalisation, a header, a random value, or an answer of the connection
       manager's own is left to `route`. Needs no GIL, allocates nothing, raises nothing. */
    int (*find)(PyObject *table, const char *authority, Py_ssize_t authority_size, const char *path,
                Py_ssize_t path_size, fastroute_found *found);

    /* The cluster that a found route forwards to, in UTF-8, as long as the table lives. 0; -1 where the route does not
       forward to one named cluster, or there is no memory to look it up: ask `route` then. Needs the GIL. */
    int (*cluster)(PyObject *table, const fastroute_found *found, const char **text, Py_ssize_t *size);

    /* `router.route(authority, path, method, headers)`: the whole decision, a new reference; NULL with an exception.
       `headers` is a sequence of pairs, or NULL. Needs the GIL. */
    PyObject *(*route)(PyObject *router, PyObject *authority, PyObject *path, PyObject *method, PyObject *headers);

    /* `router.pick(target, hash=…)`: an Endpoint, or None; a new reference; NULL with an exception. `target` is a
       decision or the name of a cluster; `hash` counts where `has_hash` is not 0. Needs the GIL. */
    PyObject *(*pick)(PyObject *router, PyObject *target, uint64_t hash, int has_hash);
} fastroute_api;

/* The table of functions, or NULL with an exception set. */
static inline const fastroute_api *fastroute_import(void) {
    const fastroute_api *api;
    PyObject *module = PyImport_ImportModule("fastroute.core.capi");
    if (module == NULL) return NULL;
    Py_DECREF(module);
    api = (const fastroute_api *)PyCapsule_Import(FASTROUTE_API_CAPSULE, 0);
    if (api != NULL && (api->version != FASTROUTE_API_VERSION || api->size < sizeof(fastroute_api))) {
        PyErr_Format(PyExc_ImportError, "fastroute has version %u of its C API, and version %u is needed",
                     (unsigned)api->version, (unsigned)FASTROUTE_API_VERSION);
        return NULL;
    }
    return api;
}

#endif
