#define _GNU_SOURCE
#include "CTerminal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

// All of these are protected by the guard.
static atomic_flag guard = ATOMIC_FLAG_INIT;
static int terminal = -1;
static enum ct_input input;
static bool is_active;
// Whether `former` is the mode to restore.
static bool is_changed;
static struct termios former;
// The terminal is the shell's until the program continues.
static bool is_stopping;
// Where the terminal was told to mark pastes; -1 if it was not.
static int marking = -1;

static atomic_bool has_continued;

// No signal arrives while the guard is held: a handler waits only for another thread, never for the
// one that it interrupted.
static void take_guard(sigset_t *mask) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, mask);
    while (atomic_flag_test_and_set_explicit(&guard, memory_order_acquire)) {
    }
}

static void drop_guard(const sigset_t *mask) {
    atomic_flag_clear_explicit(&guard, memory_order_release);
    pthread_sigmask(SIG_SETMASK, mask, NULL);
}

static bool is_in_foreground(void) {
    const pid_t group = tcgetpgrp(terminal);
    // No group: this is not the terminal of a shell that could have put the program into the
    // background.
    return group < 0 || group == getpgrp();
}

static void change(void) {
    if (!is_active || is_stopping || input == CT_AS_TYPED || !is_in_foreground())
        return;
    // Saved once: a terminal that was not restored, as after SIGSTOP, is in our own mode.
    if (!is_changed && tcgetattr(terminal, &former) != 0)
        return;
    struct termios changed = former;
    // Output processing stays on, so that lines can be written meanwhile.
    changed.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    // Ctrl-S would stop the next line that is written, and the program with it.
    changed.c_iflag &= ~(tcflag_t)IXON;
    // Keys that are kept are kept as typed.
    if (input != CT_HIDDEN)
        changed.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP);
    if (input == CT_KEYS)
        changed.c_lflag &= ~(tcflag_t)ISIG;
    changed.c_cc[VMIN] = 1;
    changed.c_cc[VTIME] = 0;
    is_changed |= tcsetattr(terminal, TCSANOW, &changed) == 0;
}

// A terminal that accepts no output must not keep the program from ending.
static void tell(int output, const char *sequence) {
    struct pollfd request = {.fd = output, .events = POLLOUT};
    if (poll(&request, 1, 1000) <= 0)
        return;
    const ssize_t written = write(output, sequence, strlen(sequence));
    (void)written;
}

static void put_back(void) {
    // In the background it is the shell's, which restores it itself.
    if (is_changed && is_in_foreground()) {
        // Keys typed while hidden are not meant for the shell.
        if (input == CT_HIDDEN)
            tcflush(terminal, TCIFLUSH);
        if (marking >= 0)
            tell(marking, "\033[?2004l");
        tcsetattr(terminal, TCSANOW, &former);
    }
    is_changed = false;
    marking = -1;
}

static void set_handler(int number, void (*handler)(int)) {
    struct sigaction action = {0};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

// Replaces the default action with a handler; signals that are handled elsewhere or ignored stay
// so.
static void replace_default(int number, void (*handler)(int)) {
    struct sigaction present;
    if (sigaction(number, NULL, &present) == 0 && !(present.sa_flags & SA_SIGINFO) &&
        present.sa_handler == SIG_DFL)
        set_handler(number, handler);
}

static void die(int number) {
    ct_end();
    // Blocked until this returns; then the default action follows.
    set_handler(number, SIG_DFL);
    raise(number);
}

// Crash signals, for which the Swift runtime may have a handler that prints a backtrace.
static const int crashes[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSEGV};
enum { crash_count = sizeof crashes / sizeof *crashes };
static struct sigaction crash_handlers[crash_count];

static void crash(int number, siginfo_t *info, void *context) {
    (void)context;
    ct_end();
    for (size_t i = 0; i < crash_count; i++)
        if (crashes[i] == number)
            sigaction(number, &crash_handlers[i], NULL);
    // Returning repeats a fault, for that handler to catch. A signal that was sent does not recur.
    const bool is_fault = number == SIGSEGV || number == SIGILL || number == SIGFPE;
    if (!is_fault || info->si_code <= 0)
        raise(number);
}

static void watch_crashes(void) {
    for (size_t i = 0; i < crash_count; i++) {
        struct sigaction present;
        if (sigaction(crashes[i], NULL, &present) != 0 || present.sa_handler == SIG_IGN ||
            ((present.sa_flags & SA_SIGINFO) && present.sa_sigaction == crash))
            continue;
        crash_handlers[i] = present;
        struct sigaction action = {0};
        action.sa_sigaction = crash;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigfillset(&action.sa_mask);
        sigaction(crashes[i], &action, NULL);
    }
}

static void stop(int number) {
    const int error = errno;
    sigset_t mask;
    take_guard(&mask);
    is_stopping = true;
    put_back();
    drop_guard(&mask);

    set_handler(number, SIG_DFL);
    raise(number);
    sigset_t this_one;
    sigemptyset(&this_one);
    sigaddset(&this_one, number);
    // Stops here. The system does not stop a program that no shell could continue either.
    pthread_sigmask(SIG_UNBLOCK, &this_one, &mask);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    set_handler(number, stop);

    take_guard(&mask);
    is_stopping = false;
    change();
    drop_guard(&mask);
    atomic_store(&has_continued, true);
    errno = error;
}

static void go_on(int number) {
    (void)number;
    const int error = errno;
    sigset_t mask;
    take_guard(&mask);
    change();
    drop_guard(&mask);
    atomic_store(&has_continued, true);
    errno = error;
}

// On every ct_begin, since a program may have restored a default action meanwhile.
static void watch_signals(void) {
    static const int deadly[] = {
        SIGHUP,  SIGINT,  SIGBUS,    SIGSYS,  SIGPIPE, SIGALRM, SIGTERM,
        SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ,
    };
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        replace_default(deadly[i], die);
    watch_crashes();
    replace_default(SIGTSTP, stop);
    replace_default(SIGCONT, go_on);
}

bool ct_begin(int descriptor, enum ct_input wanted) {
    static bool ends_at_exit;
    if (!isatty(descriptor))
        return false;
    sigset_t mask;
    take_guard(&mask);
    if (descriptor != terminal || wanted == CT_AS_TYPED)
        put_back();
    if (!ends_at_exit)
        ends_at_exit = atexit(ct_end) == 0;
    watch_signals();
    terminal = descriptor;
    input = wanted;
    is_active = true;
    change();
    // A program inherits the blocked signals of the thread that started it.
    sigdelset(&mask, SIGTSTP);
    sigdelset(&mask, SIGCONT);
    drop_guard(&mask);
    return true;
}

void ct_mark_pastes(int output) {
    sigset_t mask;
    take_guard(&mask);
    if (is_changed) {
        marking = output;
        tell(output, "\033[?2004h");
    }
    drop_guard(&mask);
}

void ct_end(void) {
    sigset_t mask;
    take_guard(&mask);
    put_back();
    is_active = false;
    drop_guard(&mask);
}

void ct_refresh(void) {
    sigset_t mask;
    take_guard(&mask);
    change();
    if (is_active && is_changed && input == CT_HIDDEN && is_in_foreground())
        tcflush(terminal, TCIFLUSH);
    drop_guard(&mask);
}

bool ct_take_continuation(void) { return atomic_exchange(&has_continued, false); }

void ct_suspend(void) {
    // The others first; this program stops here and not on another of its threads.
    set_handler(SIGTSTP, SIG_IGN);
    kill(0, SIGTSTP);
    stop(SIGTSTP);
}
