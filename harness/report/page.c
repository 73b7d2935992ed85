/* page.c - the template with everything put in its place. */
#include "report/page.h"

#include <string.h>

#include "base/assert.h"

/* Text for an element or a quoted attribute. */
static void add_escaped(struct rh_text *text, const char *string) {
    for (const char *next = string; *next != '\0'; next++) {
        switch (*next) {
        case '<':
            rh_text_add(text, "&lt;");
            break;
        case '>':
            rh_text_add(text, "&gt;");
            break;
        case '&':
            rh_text_add(text, "&amp;");
            break;
        case '"':
            rh_text_add(text, "&quot;");
            break;
        case '\'':
            rh_text_add(text, "&#39;");
            break;
        default:
            rh_text_add_bytes(text, next, 1);
        }
    }
}

static void add_banner(const struct rh_page_banner *banner, struct rh_text *text) {
    rh_text_add(text, banner->grave ? "<p class=\"banner grave\"" : "<li");
    rh_text_addf(text, " data-kind=\"%s\">", banner->kind);
    rh_text_add(text, banner->grave ? "<strong>Warning:</strong> " : "");
    add_escaped(text, banner->text);
    rh_text_add(text, banner->grave ? "</p>\n" : "</li>\n");
}

/* Warnings stand alone, remarks in one list. */
static void add_banners(const struct rh_page *page, struct rh_text *text) {
    size_t notes = 0;
    for (size_t i = 0; i < page->banner_count; i++) {
        notes += !page->banners[i].grave;
        if (page->banners[i].grave)
            add_banner(&page->banners[i], text);
    }
    if (notes == 0)
        return;
    rh_text_add(text, "<ul id=\"notes\" aria-label=\"Notes\">\n");
    for (size_t i = 0; i < page->banner_count; i++)
        if (!page->banners[i].grave)
            add_banner(&page->banners[i], text);
    rh_text_add(text, "</ul>\n");
}

static void add_part(const struct rh_page *page, const char *name, size_t length,
                     struct rh_text *text) {
    const struct {
        const char *name;
        const char *string;
        bool as_it_is; /* style, script or data: not escaped */
    } parts[] = {
        {"CSS", rh_page_style, true},        {"CHART", rh_page_chart, true},
        {"SHARED", rh_page_shared, true},    {"SCRIPT", page->script, true},
        {"MAIN", rh_page_main, true},        {"DATA", page->data, true},
        {"TITLE", page->title, false},       {"ABOUT", page->about, false},
        {"ANSWER", page->answer, false},     {"TEXT", page->plain, false},
        {"QUESTION", page->question, false}, {"LIMITS", page->limits, false},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strlen(parts[i].name) != length || memcmp(parts[i].name, name, length) != 0)
            continue;
        if (parts[i].as_it_is)
            rh_text_add(text, parts[i].string);
        else
            add_escaped(text, parts[i].string);
        return;
    }
    rh_assert(length == 7 && memcmp(name, "BANNERS", 7) == 0);
    add_banners(page, text);
}

void rh_page_write(const struct rh_page *page, struct rh_text *text) {
    const char *rest = rh_page_template;
    for (const char *mark = strchr(rest, '@'); mark != NULL; mark = strchr(rest, '@')) {
        const char *end = strchr(mark + 1, '@');
        rh_assert(end != NULL);
        rh_text_add_bytes(text, rest, (size_t)(mark - rest));
        add_part(page, mark + 1, (size_t)(end - mark - 1), text);
        rest = end + 1;
    }
    rh_text_add(text, rest);
}
