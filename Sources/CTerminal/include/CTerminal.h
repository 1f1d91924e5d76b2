// What happens to the keys that are typed into a terminal: its mode, changed for a while and put
// back on every way out that a program can see: the end, `exit`, a deadly signal, and Ctrl-Z until
// the program goes on. Only SIGKILL and SIGSTOP are out of reach. Nothing is read or drawn here.
#ifndef CTERMINAL_H
#define CTERMINAL_H

#include <stdbool.h>

enum ct_input {
    // As it was: only stopping and going on are noticed.
    CT_AS_TYPED,
    // Neither shown nor kept; those that stand for signals still send them.
    CT_HIDDEN,
    // Not shown, but kept for later; those that stand for signals still send them.
    CT_WAITING,
    // Not shown, and every key comes to the program at once, Ctrl-C and Ctrl-Z too.
    CT_KEYS,
};

// Changes the mode of the terminal, from the one before where there was one; in the background only
// as soon as the program comes to the foreground and ct_refresh is called. False when it is no
// terminal.
bool ct_begin(int descriptor, enum ct_input input);

// Has the terminal put marks around what is pasted, until its mode is put back: told by what is
// written to `output`, and only in a mode that was changed.
void ct_mark_pastes(int output);

// Puts the mode back. May be called from a signal handler, and more than once.
void ct_end(void);

// Changes the mode again where that was not possible before or a shell has undone it, and drops
// what was typed while keys are hidden: a full buffer would keep even Ctrl-C out.
void ct_refresh(void);

// Whether the program was stopped and went on since the last call.
bool ct_take_continuation(void);

// Does what Ctrl-Z does where it is a key like any other: puts the mode back and stops the program
// and those it was started with. Returns when it goes on, in the mode again.
void ct_suspend(void);

#endif
