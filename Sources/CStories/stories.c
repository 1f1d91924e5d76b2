// The files of data/stories. A test compares this list with the directory.
#include "CStories.h"

// #embed is an extension in clang's older C modes.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char brave[] = {
#embed "../../data/stories/brave.txt"
};
static const unsigned char friends[] = {
#embed "../../data/stories/friends.txt"
};
static const unsigned char helping[] = {
#embed "../../data/stories/helping.txt"
};
static const unsigned char home[] = {
#embed "../../data/stories/home.txt"
};
static const unsigned char honest[] = {
#embed "../../data/stories/honest.txt"
};
static const unsigned char journeys[] = {
#embed "../../data/stories/journeys.txt"
};
static const unsigned char lost[] = {
#embed "../../data/stories/lost.txt"
};
static const unsigned char making[] = {
#embed "../../data/stories/making.txt"
};
static const unsigned char people[] = {
#embed "../../data/stories/people.txt"
};
static const unsigned char phrases[] = {
#embed "../../data/stories/phrases.txt"
};
static const unsigned char stuck[] = {
#embed "../../data/stories/stuck.txt"
};
static const unsigned char weather[] = {
#embed "../../data/stories/weather.txt"
};

#define FILE_OF(name) {#name ".txt", name, sizeof name}

static const cs_file files[] = {
    FILE_OF(brave),
    FILE_OF(friends),
    FILE_OF(helping),
    FILE_OF(home),
    FILE_OF(honest),
    FILE_OF(journeys),
    FILE_OF(lost),
    FILE_OF(making),
    FILE_OF(people),
    FILE_OF(phrases),
    FILE_OF(stuck),
    FILE_OF(weather),
};

const cs_file *cs_files(size_t *count) {
    *count = sizeof files / sizeof files[0];
    return files;
}
