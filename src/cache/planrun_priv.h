#ifndef NVCACHE_CACHE_PLANRUN_PRIV_H
#define NVCACHE_CACHE_PLANRUN_PRIV_H

#include "nvcache/base/buf.h"
#include "nvcache/base/crew.h"
#include "nvcache/base/scratch.h"
#include "nvcache/entry/record.h"
#include "nvcache/plan/hosttext.h"
#include "nvcache/plan/plan.h"
#include "nvcache/plan/text.h"
#include "within_priv.h"

#include <stdbool.h>
#include <stdint.h>

struct compiled;
struct mapped;
struct session;

/* A miss that runs nvcc's steps itself: each step whose input was seen before is taken
 * from the store, the others run, those that do not wait for each other side by side.
 *
 * Must never leave a trace when it does not come to its end: outputs and messages appear
 * after the last step, or the caller runs the user's own command. */

/* What one file of the plan holds, once it is needed. */
struct planned_file {
    bool is_there;
    bool is_unwritten; /* what counts of it is known, and it is not written */
    bool has_raw;
    bool is_scanned; /* for tokens */
    bool has_tokens; /* they can be used in place of `raw` */
    struct digest raw;
    struct digest tokens;
};

enum task_state {
    TASK_WAITING,
    TASK_RUNNING,
    TASK_DONE,
};

/* A step, or the preprocessor pass that tells what the host compiler reads besides the
 * host's C++. */
struct task {
    const struct plan_step *step;
    bool is_host_text;
    enum task_state state;
    bool is_reused;
    bool is_elsewhere;   /* reused from text whose lines were others */
    bool wants_position; /* that will not do */
    bool wants_files;    /* what a record tells of its files will not do */
    bool has_own_id;     /* it reads the module id that it would have made */
    bool has_guess;      /* it, or what it reads, was begun with a guessed one */
    bool is_stale;       /* that was wrong, and it still runs */
    bool is_looked_up;
    bool has_begun;    /* keys: `begun` is what they have in common, */
    unsigned key_file; /* and this file's text the rest */
    bool is_by_bytes;  /* the step is looked up by the raw key */
    bool has_tokens_key;
    bool has_raw_key;
    struct hasher begun;
    struct digest tokens_key; /* without positions: only for steps that printed nothing */
    struct digest raw_key;
    uint64_t saved_us; /* by reusing it */
    struct process_spec spec;
    struct process_result result;
};

/* The module id that the unit had the last time (planguess.c). */
struct plan_guess {
    const char *path; /* where it is; NULL: there is none */
    struct digest digest;
};

/* What the headers of the host compiler's last pass are to the directives that lead to
 * them. */
struct plan_around {
    bool is_known;
    bool asks; /* for architectures by name */
    struct digest tokens;
    struct text_inputs headers; /* of a run whose preprocessor has told: */
    bool is_listed;             /* all of them */
    bool has_key;               /* for the record of it */
    struct record_key key;
};

/* What the host compiler gets. */
struct plan_host {
    struct hosttext cpp;
    struct hosttext stub;
    bool has_tokens;       /* of both */
    bool asks;             /* for architectures by name */
    struct buf directives; /* of both, as that pass reads them */
    const char *text;      /* path of what the preprocessor makes of these, or NULL */
    struct plan_around around;
};

struct plan_lanes {
    size_t own;     /* so many steps run at once in any case, */
    size_t most;    /* and so many where there is room */
    size_t highest; /* that ran */
};

struct planned {
    struct session *session;
    struct plan plan;
    struct plan_names names;
    struct scratch scratch; /* where its files are */
    struct plan_host host;
    struct within within;
    char **envp;
    const char *path; /* PATH of the steps */
    struct planned_file *files;
    struct task *tasks; /* the steps, then the host text */
    size_t n_tasks;
    struct crew *crew;
    struct plan_lanes lanes;
    struct plan_guess guess;
    bool has_positions; /* debug information and the like: line markers count */
    bool may_reuse;
    int killed; /* wait status that nvcc would end with when somebody has killed a step */
    struct record_key template_key;
    bool is_template_new;
    struct text_inputs inputs;
    struct digest text_key; /* of all texts together */
    bool has_text_key;
    int64_t begin_ns;
    uint64_t saved_us;
    struct buf output;
};

/* Run the command of the session by its plan.  NVC_OK: `out` is as compile_run leaves it,
 * session->event.outcome is HIT_TEXT or HIT_PARTIAL or untouched, and *out_run waits for
 * planrun_close; only the messages of a run that was killed (out->process.wait_status)
 * wait for planout_print, as it may begin anew.  An UNPLANNED_ status: nothing was
 * written or printed. */
NVC_NODISCARD enum nvc_status planrun(struct session *session, struct compiled *out,
                                      struct planned **out_run);

/* After recorder_store, whose status this is: when the result was kept, keep the steps
 * too.  (When it was not, an input may be embedded that no text shows.)  Removes the
 * intermediate files.  `run` may be NULL. */
void planrun_close(struct planned *run, enum nvc_status recorded);

/* May anything of this run be kept? */
bool plan_may_store(const struct session *session);

/* The plan of the session's command, from the store or from nvcc; in the end it is kept;
 * that there is none is kept at once (plantemplate.c). */
NVC_NODISCARD enum nvc_status plan_template_get(struct planned *run);
void plan_template_store(struct planned *run);

/* Was a program ended from outside, by the user or for want of memory?  The wait status
 * that nvcc would end with then, or 0: a crash of its own is not that. */
int plan_killed_status(const struct process_result *result);

/* Run or reuse all tasks, or the preprocessor passes only (plantask.c).  UNPLANNED_STEP:
 * one failed. */
NVC_NODISCARD enum nvc_status plan_tasks_run(struct planned *run, bool only_text);

/* How many steps run at once (planlanes.c).  plan_lanes_take: may one more begin? */
void plan_lanes_begin(struct planned *run);
bool plan_lanes_take(struct planned *run);

/* Would a step more be of no account, if each processor had such a compile? */
bool plan_lanes_fit(uint64_t need_bytes, uint64_t total_bytes, size_t n_cpus);

/* By the value of MAKEFLAGS (or NULL): does a job server say how many processes run? */
bool plan_lanes_are_counted(const char *makeflags);

/* The host compiler printed something that names lines of C++ and a stub that may be of
 * other lines: make those anew, and then it once more.  False: there is no need. */
bool plan_tasks_repeat(struct planned *run);

/* The module id (planid.c): the path it is made from (NULL: the source has gone); its
 * file, or -1; the step that makes it, and that one's words. */
const char *plan_id_source(const struct planned *run);
int plan_id_file(const struct planned *run);
bool plan_id_is_made_by(const struct planned *run, const struct task *task);
char **plan_id_argv(struct planned *run, const struct task *task, char **argv);

/* Write an id where a step reads it.  False: that failed. */
#define PLAN_ID_MAX 4096
bool plan_id_write(const char *path, const char *id);

/* After that step was reused: is its id this run's?  If not, it runs, with one of this
 * run's where it can be written. */
bool plan_id_serves(struct planned *run, struct task *task);

/* After that step has run.  *out_again: the id was for this one run only, there is
 * another one now, with which the step must run once more.  UNPLANNED_FILES. */
NVC_NODISCARD enum nvc_status plan_id_settle(struct planned *run, struct task *task,
                                             bool *out_again);

/* The id of the last run in place of one that is not there yet (planguess.c).  After the
 * preprocessor: look for it.  Is there one, and no id?  May the step begin with it in
 * place of that file?  The words with its path.  Once the id is there: was it wrong?
 * Keep the id for the next run. */
void plan_guess_begin(struct planned *run);
bool plan_guess_is_open(const struct planned *run);
bool plan_guess_serves(const struct planned *run, const struct task *task, unsigned file);
char **plan_guess_argv(struct planned *run, char **argv);
bool plan_guess_is_wrong(struct planned *run);
void plan_guess_store(struct planned *run);

/* Is the host's object found by what counts of its text, whatever the architectures? */
bool planhost_is_told(const struct planned *run);

/* Files that a record only tells of (planunwritten.c).  The task has none any more.  Who
 * makes one that the step reads, or NULL?  That it will: false when its id cannot be
 * read. It has: is everything as it was told? */
void plan_unwritten_forget(struct planned *run, const struct task *task);
struct task *plan_unwritten_maker(struct planned *run, const struct plan_step *step);
bool plan_unwritten_expect(struct planned *run, struct task *maker);
bool plan_unwritten_is_right(struct planned *run, const struct task *maker);

/* Steps as records (planstep.c). */
void plan_step_keys(struct planned *run, struct task *task);
bool plan_step_reuse(struct planned *run, struct task *task);
void plan_step_store(struct planned *run, struct task *task);

/* A file of the plan, looked into once: for its tokens, or its bytes where there are none
 * or it is those that are wanted.  False: it cannot be read. */
bool plan_file_look(struct planned *run, unsigned file, bool tokens);
/* The same for the tokens of a text that has been read, with those before it. */
void plan_file_learn(struct planned *run, unsigned file, const struct mapped *text,
                     struct text_passages *known);

/* What the host compiler gets (planhost.c): looking at it; before its preprocessor pass;
 * the words of that; and what was found.  planhost_look is true when the pass need not
 * run, planhost_begin false when a file cannot be written, planhost_digest when there is
 * not enough to tell. */
bool planhost_look(struct planned *run, const struct plan_step *host);
bool planhost_begin(struct planned *run, const struct plan_step *host);
char **planhost_argv(struct planned *run, const struct plan_step *host);
bool planhost_digest(struct planned *run, struct digest *out);

/* What that pass told, remembered (planaround.c).  Is it known, of headers that are
 * unchanged?  Keep it for the next run. */
bool planaround_find(struct planned *run, const struct plan_step *host);
void planaround_store(struct planned *run);
/* The record of it; `headers` is the digest of what they and their places are. */
void planaround_encode(const struct plan_around *around, const struct digest *headers,
                       struct buf *out);
/* The contents of a header.  False: it is not there, or has changed since the compile
 * began. */
bool planaround_header(struct session *session, const char *path, struct digest *out);

/* The text level (plantext.c). */
void plan_text_key(struct planned *run);
/* Append the output to `out`. */
bool plan_text_replay(struct planned *run, struct buf *out);
void plan_text_store(struct planned *run);

/* What nvcc would have written (planout.c): the dependency file, then the output, then
 * the messages of all steps in nvcc's order.  UNPLANNED_FILES when a file could not be
 * written: then nothing was printed. */
NVC_NODISCARD enum nvc_status planout_write(struct planned *run, const struct buf *output,
                                            struct compiled *out);

/* What a run that was killed had to say until then; and printing that. */
void planout_collect_killed(struct planned *run, struct compiled *out);
void planout_print(const struct compiled *compiled);

#endif
