// The files of assets/. A test holds this list against the directory.
#include "CPages.h"

// Older modes of C have #embed as an extension of clang's.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page_css[] = {
#embed "assets/page.css"
};
static const unsigned char charts_css[] = {
#embed "assets/charts.css"
};
static const unsigned char report_css[] = {
#embed "assets/report.css"
};
static const unsigned char numbers_js[] = {
#embed "assets/numbers.js"
};
static const unsigned char scales_js[] = {
#embed "assets/scales.js"
};
static const unsigned char lines_js[] = {
#embed "assets/lines.js"
};
static const unsigned char chart_js[] = {
#embed "assets/chart.js"
};
static const unsigned char pointing_js[] = {
#embed "assets/pointing.js"
};
static const unsigned char page_js[] = {
#embed "assets/page.js"
};
static const unsigned char inspect_css[] = {
#embed "assets/inspect.css"
};
static const unsigned char shades_js[] = {
#embed "assets/shades.js"
};
static const unsigned char walking_js[] = {
#embed "assets/walking.js"
};
static const unsigned char tokens_js[] = {
#embed "assets/tokens.js"
};
static const unsigned char patterns_js[] = {
#embed "assets/patterns.js"
};
static const unsigned char heads_js[] = {
#embed "assets/heads.js"
};
static const unsigned char attention_js[] = {
#embed "assets/attention.js"
};
static const unsigned char lens_js[] = {
#embed "assets/lens.js"
};
static const unsigned char losses_js[] = {
#embed "assets/losses.js"
};
static const unsigned char scores_js[] = {
#embed "assets/scores.js"
};
static const unsigned char heatmap_js[] = {
#embed "assets/heatmap.js"
};
static const unsigned char inspect_js[] = {
#embed "assets/inspect.js"
};

#define FILE_OF(name, kind) {#name "." #kind, name##_##kind, sizeof name##_##kind}

static const cp_asset assets[] = {
    FILE_OF(page, css),   FILE_OF(charts, css),  FILE_OF(report, css), FILE_OF(numbers, js),
    FILE_OF(scales, js),  FILE_OF(lines, js),    FILE_OF(chart, js),   FILE_OF(pointing, js),
    FILE_OF(page, js),    FILE_OF(inspect, css), FILE_OF(shades, js),  FILE_OF(walking, js),
    FILE_OF(tokens, js),  FILE_OF(patterns, js), FILE_OF(heads, js),   FILE_OF(attention, js),
    FILE_OF(lens, js),    FILE_OF(losses, js),   FILE_OF(scores, js),  FILE_OF(heatmap, js),
    FILE_OF(inspect, js),
};

const cp_asset *cp_assets(size_t *count) {
    *count = sizeof assets / sizeof assets[0];
    return assets;
}
