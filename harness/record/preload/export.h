/* export.h - what the library shows; everything else is hidden. */
#ifndef RH_RECORD_PRELOAD_EXPORT_H
#define RH_RECORD_PRELOAD_EXPORT_H

#define RH_EXPORT __attribute__((visibility("default")))

#endif
