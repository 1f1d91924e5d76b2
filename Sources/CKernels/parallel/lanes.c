// Threads that each do a work of many operations, instead of sharing every one. In OpenMP's terms
// the operations of a lane are nested regions of one thread, which start without any other and
// number their thread 0.
#include "team.h"

void ck_run_lanes(int lanes, ck_lane *body, void *data) {
#pragma omp parallel num_threads(lanes < MAX_TEAM ? lanes : MAX_TEAM)
    for (int lane = omp_get_thread_num(); lane < lanes; lane += omp_get_num_threads())
        body(lane, data);
}
