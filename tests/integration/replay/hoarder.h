/* hoarder.h - what the plugin hoards, for the test that counts it. */
#ifndef TESTS_HOARDER_H
#define TESTS_HOARDER_H

enum { HOARDER_PAGES = 4096, HOARDER_EMPTY = 100, HOARDER_LAZY_FREE = 37 };

#endif
