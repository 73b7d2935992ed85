/* error.c - recording the first failure. */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void record(struct rh_error *error, int code, const char *file, int line, const char *format,
                   va_list arguments) {
    error->code = code;
    error->file = file;
    error->line = line;
    vsnprintf(error->message, sizeof(error->message), format, arguments);
}

int rh_error_set(struct rh_error *error, int code, const char *file, int line, const char *format,
                 ...) {
    if (error == NULL || error->code != 0)
        return code;

    va_list arguments;
    va_start(arguments, format);
    record(error, code, file, line, format, arguments);
    va_end(arguments);
    return code;
}

int rh_error_set_errno(struct rh_error *error, const char *file, int line, const char *format,
                       ...) {
    int cause = errno;
    if (error == NULL || error->code != 0)
        return RH_ERR_SYSTEM;

    va_list arguments;
    va_start(arguments, format);
    record(error, RH_ERR_SYSTEM, file, line, format, arguments);
    va_end(arguments);

    size_t used = strlen(error->message);
    snprintf(error->message + used, sizeof(error->message) - used, ": %s", strerror(cause));
    return RH_ERR_SYSTEM;
}

void rh_error_prefix(struct rh_error *error, const char *format, ...) {
    if (error == NULL || error->code == 0)
        return;

    char old[RH_ERROR_MESSAGE_BYTES];
    memcpy(old, error->message, sizeof(old));
    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(error->message, sizeof(error->message), format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used < sizeof(error->message))
        snprintf(error->message + used, sizeof(error->message) - (size_t)used, ": %s", old);
}

void rh_error_suffix(struct rh_error *error, const char *format, ...) {
    if (error == NULL || error->code == 0)
        return;

    size_t used = strlen(error->message);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message + used, sizeof(error->message) - used, format, arguments);
    va_end(arguments);
}

const char *rh_error_summary(int code) {
    switch (code) {
    case 0:
        return "well";
#define X(name, value, summary)                                                                    \
    case value:                                                                                    \
        return summary;
        RH_ERROR_MAP(X)
#undef X
    default:
        return "unknown error";
    }
}
