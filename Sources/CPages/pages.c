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

#define FILE_OF(name, kind) {#name "." #kind, name##_##kind, sizeof name##_##kind}

static const cp_asset assets[] = {
    FILE_OF(page, css),   FILE_OF(charts, css),  FILE_OF(report, css),
    FILE_OF(numbers, js), FILE_OF(scales, js),   FILE_OF(lines, js),
    FILE_OF(chart, js),   FILE_OF(pointing, js), FILE_OF(page, js),
};

const cp_asset *cp_assets(size_t *count) {
    *count = sizeof assets / sizeof assets[0];
    return assets;
}
