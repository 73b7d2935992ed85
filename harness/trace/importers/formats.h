/* formats.h - the importers, one file each. X(name) in the order in which they are tried. */
#ifndef RH_TRACE_IMPORTERS_FORMATS_H
#define RH_TRACE_IMPORTERS_FORMATS_H

#include "trace/importers/importers.h"

#define RH_IMPORTER_MAP(X)                                                                         \
    X(text)                                                                                        \
    X(android)                                                                                     \
    X(logalloc)                                                                                    \
    X(rep)                                                                                         \
    X(heaptrack)                                                                                   \
    X(valgrind)                                                                                    \
    X(dj)                                                                                          \
    X(wl)                                                                                          \
    X(mtrace)                                                                                      \
    X(lttng)                                                                                       \
    X(wee)                                                                                         \
    X(sri)                                                                                         \
    X(protobuf)                                                                                    \
    X(ltrace)                                                                                      \
    X(webkit)

#define X(name) extern const struct rh_importer rh_importer_##name;
RH_IMPORTER_MAP(X)
#undef X

#endif
