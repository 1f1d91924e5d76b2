// Threads that each run many operations on their own, instead of sharing each one. To OpenMP, an
// operation in a lane is a nested region with a team of one: it starts no thread, and the lane's
// thread is number 0 in it.
#include "team.h"

void ck_run_lanes(int lanes, ck_lane *body, void *data) {
#pragma omp parallel num_threads(lanes < MAX_TEAM ? lanes : MAX_TEAM)
    for (int lane = omp_get_thread_num(); lane < lanes; lane += omp_get_num_threads())
        body(lane, data);
}
