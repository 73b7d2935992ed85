/* page.h - the one shape of every HTML page: a question, the answer in a sentence, banners, and
 * data from which scripts draw the rest (page/README.md). Internal to report/. */
#ifndef RH_REPORT_PAGE_H
#define RH_REPORT_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct rh_page_banner {
    const char *kind; /* what scripts and tests key on */
    const char *text;
    bool grave; /* stands alone and in red; the others are one list of notes */
};

/* Everything is borrowed. Strings are text, never markup, but for `data` and `script`. */
struct rh_page {
    const char *title;    /* of the window */
    const char *about;    /* beside the name of the program: what was run, and when */
    const char *question; /* the heading */
    const char *answer;   /* the sentence below it, readable without scripts */
    const char *limits;   /* what the page cannot tell */
    const char *plain;    /* the same as text, for readers without JavaScript */
    const char *data;     /* one JSON object, as report/emit.h writes it */
    const char *script;   /* one of the pages below */
    const struct rh_page_banner *banners;
    size_t banner_count;
};

/* Appends a whole page: one file, without any reference to the network. */
void rh_page_write(const struct rh_page *page, struct rh_text *text);

/* The scripts of the pages, in the order of meson.build. */
extern const char rh_page_report[];
extern const char rh_page_comparison[];
extern const char rh_page_trace[];

/* ---- embedded when the program is built (embed.py); for page.c only ---- */

extern const char rh_page_template[]; /* page/page.html, with @NAME@ where something goes */
extern const char rh_page_style[];    /* page/page.css */
extern const char rh_page_shared[];   /* what the scripts of all pages use */
extern const char rh_page_main[];     /* page/main.js: builds what was registered */
extern const char rh_page_chart[];    /* Chart.js as Debian packages it */

#endif
