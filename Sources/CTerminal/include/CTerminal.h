// What happens to the keys typed into a terminal: its mode, changed for a while and restored on
// every way out that a program can see: the end, `exit`, a deadly signal, and Ctrl-Z until the
// program continues. Only SIGKILL and SIGSTOP cannot be caught. Nothing is read or drawn here.
#ifndef CTERMINAL_H
#define CTERMINAL_H

#include <stdbool.h>

enum ct_input {
    // Unchanged: only stopping and continuing are noticed.
    CT_AS_TYPED,
    // Neither shown nor kept; keys that send signals still do.
    CT_HIDDEN,
    // Not shown, but kept for later; keys that send signals still do.
    CT_WAITING,
    // Not shown, and every key reaches the program at once, even Ctrl-C and Ctrl-Z.
    CT_KEYS,
};

// Changes the mode of the terminal, also from an earlier ct_begin; in the background only once the
// program is in the foreground and ct_refresh is called. False when it is not a terminal.
bool ct_begin(int descriptor, enum ct_input input);

// Asks the terminal to put marks around pastes until its mode is restored, by writing to `output`;
// only after ct_begin.
void ct_mark_pastes(int output);

// Restores the mode. May be called from a signal handler, and more than once.
void ct_end(void);

// Changes the mode again if that was not possible before or a shell has undone it, and drops keys
// typed while they are hidden: a full buffer would block even Ctrl-C.
void ct_refresh(void);

// Whether the program was stopped and continued since the last call.
bool ct_take_continuation(void);

// Does what Ctrl-Z does where it is an ordinary key: restores the mode and stops the program and
// those started with it. Returns when it continues, in the mode again.
void ct_suspend(void);

#endif
