/* Disturbs system calls of a command where strace cannot: transfers fewer bytes than
 * asked for, stops there while something else happens, or makes a file system look like
 * another.
 *
 *   nth CALL WHEN ACTION COMMAND...
 *
 *   CALL    "transfer" (read, write and their kin), "statfs" (and fstatfs) or "any"
 *   WHEN    3: the third; 3+: the third and all that follow; 0: none
 *   ACTION  half, one: transfer half of the bytes, or a single one
 *           sh=WORDS: run WORDS in a shell while the command stands still
 *           type=NUMBER: what statfs says about the type of the file system
 *
 * Counts the calls of the program itself, up to its next execve: not those of processes
 * it starts.  Writes "CALLS DISTURBED" to the file that NTH_COUNTS names.  Ends as the
 * command ends.  Must leave registers and memory as the kernel would: a short transfer is
 * the same system call with another length. */

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

typedef unsigned long long word;

struct transfer {
    long number;
    size_t length; /* where its length is in user_regs_struct */
    bool is_vector;
};

#define AT(name) offsetof(struct user_regs_struct, name)

static const struct transfer transfers[] = {
    {SYS_read, AT(rdx), false},     {SYS_write, AT(rdx), false},
    {SYS_pread64, AT(rdx), false},  {SYS_pwrite64, AT(rdx), false},
    {SYS_readv, AT(rdx), true},     {SYS_writev, AT(rdx), true},
    {SYS_preadv, AT(rdx), true},    {SYS_pwritev, AT(rdx), true},
    {SYS_sendfile, AT(r10), false}, {SYS_copy_file_range, AT(r8), false},
};

enum action {
    HALF,
    ONE,
    SHELL,
    TYPE
};

enum calls {
    ANY,
    TRANSFER,
    STATFS
};

struct plan {
    enum calls calls;
    bool and_after;
    unsigned long when;
    enum action action;
    const char *words;
    word type;
};

/* What is to be put back when the call returns. */
struct undo {
    bool pending;
    size_t length; /* 0: none */
    word old_length;
    word vector; /* address of iov_len, 0: none */
    word old_vector;
    word answer; /* address of the answer to be changed, 0: none */
};

struct session {
    pid_t pid;
    const struct plan *plan;
    unsigned long calls;
    unsigned long disturbed;
    struct undo undo;
};

static void
fail(const char *what)
{
    perror(what);
    exit(2);
}

static const struct transfer *
transfer_of(long number)
{
    for (size_t i = 0; i < sizeof(transfers) / sizeof(transfers[0]); i++)
        if (transfers[i].number == number)
            return &transfers[i];
    return NULL;
}

static word *
register_at(struct user_regs_struct *regs, size_t at)
{
    return (word *)(void *)((char *)regs + at);
}

static word
less(const struct plan *plan, word length)
{
    return plan->action == ONE ? 1 : length / 2;
}

/* The first part of a vector, and less of that. */
static bool
shorten_vector(struct session *session, struct user_regs_struct *regs)
{
    const word at = regs->rsi + sizeof(word);
    struct undo *const undo = &session->undo;
    long length;

    errno = 0;
    length = ptrace(PTRACE_PEEKDATA, session->pid, at, 0);
    if (errno != 0 || (length < 2 && regs->rdx < 2))
        return false;
    if (length >= 2) {
        undo->vector = at;
        undo->old_vector = (word)length;
        ptrace(PTRACE_POKEDATA, session->pid, at, less(session->plan, (word)length));
    }
    regs->rdx = 1;
    return true;
}

static bool
shorten(struct session *session, const struct transfer *transfer,
        struct user_regs_struct *regs)
{
    word *const length = register_at(regs, transfer->length);
    const struct undo undo = {true, transfer->length, *length, 0, 0, 0};

    if (*length < 2 && !transfer->is_vector)
        return false;
    session->undo = undo;
    if (!transfer->is_vector)
        *length = less(session->plan, *length);
    else if (!shorten_vector(session, regs))
        return session->undo.pending = false;
    ptrace(PTRACE_SETREGS, session->pid, 0, regs);
    return true;
}

static bool
is_meant(const struct plan *plan, long number)
{
    if (plan->calls == STATFS)
        return number == SYS_statfs || number == SYS_fstatfs;
    return plan->calls == ANY || transfer_of(number) != NULL;
}

static void
disturb(struct session *session, struct user_regs_struct *regs)
{
    const struct undo answer = {true, 0, 0, 0, 0, regs->rsi};
    const struct transfer *const transfer = transfer_of((long)regs->orig_rax);

    if (session->plan->action == SHELL)
        session->disturbed += system(session->plan->words) == 0;
    else if (session->plan->action == TYPE)
        session->undo = answer;
    else if (transfer != NULL)
        session->disturbed += shorten(session, transfer, regs);
}

static void
on_entry(struct session *session)
{
    const struct plan *const plan = session->plan;
    struct user_regs_struct regs;

    if (ptrace(PTRACE_GETREGS, session->pid, 0, &regs) != 0 ||
        !is_meant(plan, (long)regs.orig_rax))
        return;
    session->calls++;
    if (plan->when == 0 || session->calls < plan->when ||
        (session->calls > plan->when && !plan->and_after))
        return;
    disturb(session, &regs);
}

static void
on_exit_of_call(struct session *session)
{
    struct undo *const undo = &session->undo;
    struct user_regs_struct regs;

    if (!undo->pending)
        return;
    undo->pending = false;
    if (undo->vector != 0)
        ptrace(PTRACE_POKEDATA, session->pid, undo->vector, undo->old_vector);
    if (ptrace(PTRACE_GETREGS, session->pid, 0, &regs) != 0)
        return;
    if (undo->answer != 0 && regs.rax == 0) {
        ptrace(PTRACE_POKEDATA, session->pid, undo->answer, session->plan->type);
        session->disturbed++;
    }
    if (undo->length == 0)
        return;
    *register_at(&regs, undo->length) = undo->old_length;
    ptrace(PTRACE_SETREGS, session->pid, 0, &regs);
}

static void
on_call(struct session *session)
{
    struct __ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, session->pid, sizeof(info), &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        on_entry(session);
    else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
        on_exit_of_call(session);
}

/* Go on until the command ends or becomes another program; returns its wait status. */
static int
follow(struct session *session)
{
    int status, pass_on = 0;
    bool free_now = false;

    for (;;) {
        if (ptrace(free_now ? PTRACE_DETACH : PTRACE_SYSCALL, session->pid, 0, pass_on) !=
                0 &&
            errno != ESRCH)
            fail("nth: ptrace");
        if (waitpid(session->pid, &status, 0) < 0)
            fail("nth: waitpid");
        if (!WIFSTOPPED(status))
            return status;
        pass_on = 0;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            on_call(session);
        else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
            free_now = true;
        else
            pass_on = WSTOPSIG(status);
    }
}

static void
start(char **argv)
{
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
        fail("nth: ptrace");
    execvp(argv[0], argv);
    fail(argv[0]);
}

static struct plan
read_plan(char **argv)
{
    struct plan plan = {.calls = ANY};
    char *end;

    if (strcmp(argv[1], "transfer") == 0)
        plan.calls = TRANSFER;
    else if (strcmp(argv[1], "statfs") == 0)
        plan.calls = STATFS;
    plan.when = strtoul(argv[2], &end, 10);
    plan.and_after = *end == '+';
    plan.action = strcmp(argv[3], "half") == 0 ? HALF : ONE;
    if (strncmp(argv[3], "sh=", 3) == 0) {
        plan.action = SHELL;
        plan.words = argv[3] + 3;
    } else if (strncmp(argv[3], "type=", 5) == 0) {
        plan.action = TYPE;
        plan.type = strtoull(argv[3] + 5, NULL, 0);
    }
    return plan;
}

static void
report(const struct session *session)
{
    const char *const path = getenv("NTH_COUNTS");
    FILE *file = path != NULL ? fopen(path, "w") : NULL;

    if (file == NULL)
        return;
    fprintf(file, "%lu %lu\n", session->calls, session->disturbed);
    fclose(file);
}

int
main(int argc, char **argv)
{
    struct session session = {.calls = 0};
    struct plan plan;
    int status;

    if (argc < 5)
        return 2;
    plan = read_plan(argv);
    session.plan = &plan;
    session.pid = fork();
    if (session.pid == 0)
        start(argv + 4);
    if (session.pid < 0 || waitpid(session.pid, &status, 0) < 0 || !WIFSTOPPED(status))
        return 2;
    /* Stopped behind the command's own execve. */
    ptrace(PTRACE_SETOPTIONS, session.pid, 0,
           PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
    status = follow(&session);
    report(&session);
    if (WIFSIGNALED(status))
        return 128 + WTERMSIG(status);
    return WEXITSTATUS(status);
}
