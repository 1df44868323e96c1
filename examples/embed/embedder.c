/* An embedder in C: a Python extension that routes through fastroute's C API, in a loop without the GIL.

       route_all(router, host, paths) -> (found, none, ask)

   Built by tests/embed, or by hand:

       cc -shared -fPIC $(python3-config --includes) -I FOLDER_ABOVE_FASTROUTE embedder.c -o embedder.so
*/

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <fastroute/capi.h>

static const fastroute_api *api;

/* How many of `paths` (a list of bytes) a route takes, none takes, or need the whole decision. */
static PyObject *route_all(PyObject *module, PyObject *args) {
    PyObject *router, *paths, *table;
    const char *host;
    Py_ssize_t host_size, count[3] = {0, 0, 0};
    (void)module;
    if (!PyArg_ParseTuple(args, "Oy#O!", &router, &host, &host_size, &PyList_Type, &paths)) return NULL;
    table = api->table(router, NULL);
    if (table == NULL) return NULL;
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(paths); at++) {
        PyObject *path = PyList_GET_ITEM(paths, at);
        fastroute_found found;
        char *text;
        Py_ssize_t size;
        int answer;
        if (PyBytes_AsStringAndSize(path, &text, &size) < 0) {
            Py_DECREF(table);
            return NULL;
        }
        Py_BEGIN_ALLOW_THREADS
        answer = api->find(table, host, host_size, text, size, &found);
        Py_END_ALLOW_THREADS
        count[answer]++;
    }
    Py_DECREF(table);
    return Py_BuildValue("nnn", count[FASTROUTE_FOUND], count[FASTROUTE_NO_ROUTE], count[FASTROUTE_ASK]);
}

/* The cluster of one request: by `find` where that can tell, by the whole decision otherwise. */
static PyObject *cluster_of(PyObject *module, PyObject *args) {
    PyObject *router, *table, *decision, *cluster, *authority, *path, *method;
    const char *host, *text, *name;
    Py_ssize_t host_size, size, name_size;
    fastroute_found found;
    (void)module;
    if (!PyArg_ParseTuple(args, "Oy#y#", &router, &host, &host_size, &text, &size)) return NULL;
    table = api->table(router, NULL);
    if (table == NULL) return NULL;
    if (api->find(table, host, host_size, text, size, &found) == FASTROUTE_FOUND
        && api->cluster(table, &found, &name, &name_size) == 0) {
        cluster = PyUnicode_DecodeUTF8(name, name_size, NULL);
        Py_DECREF(table);
        return cluster;
    }
    Py_DECREF(table);
    authority = PyBytes_FromStringAndSize(host, host_size);
    path = PyBytes_FromStringAndSize(text, size);
    method = PyBytes_FromString("GET");
    decision = authority && path && method ? api->route(router, authority, path, method, NULL) : NULL;
    Py_XDECREF(authority);
    Py_XDECREF(path);
    Py_XDECREF(method);
    if (decision == NULL) return NULL;
    cluster = PyObject_GetAttrString(decision, "cluster");
    Py_DECREF(decision);
    return cluster;
}

/* The port of the endpoint that a hash falls on. */
static PyObject *port_of(PyObject *module, PyObject *args) {
    PyObject *router, *target, *endpoint, *port;
    unsigned long long hash;
    (void)module;
    if (!PyArg_ParseTuple(args, "OOK", &router, &target, &hash)) return NULL;
    endpoint = api->pick(router, target, hash, 1);
    if (endpoint == NULL) return NULL;
    port = PyObject_GetAttrString(endpoint, "port");
    Py_DECREF(endpoint);
    return port;
}

static PyMethodDef methods[] = {
    {"route_all", route_all, METH_VARARGS, "(found, none, ask) over a list of paths."},
    {"cluster_of", cluster_of, METH_VARARGS, "The cluster of one request."},
    {"port_of", port_of, METH_VARARGS, "The port of the endpoint that a hash falls on."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "embedder", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_embedder(void) {
    api = fastroute_import();
    return api == NULL ? NULL : PyModule_Create(&definition);
}
