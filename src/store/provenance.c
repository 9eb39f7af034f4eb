/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The facts of a launch, each a short text.
 */
#include "provenance.h"

#include "h5.h"

#include "base/isa.h"
#include "base/mem.h"
#include "borderline_build.h"
#include "borderline_git.h"
#include <ctype.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { HOST_SIZE = 64, TEXT_SIZE = 2048 };

/* OpenBLAS's own account of itself, where that is the BLAS. */
extern char *openblas_get_config(void) __attribute__((weak));
extern char *openblas_get_corename(void) __attribute__((weak));

typedef struct launch {
    const bl_comm *comm;
    int argc;
    char **argv;
    const char *hosts; /* [comm->size][HOST_SIZE] */
} launch;

const char *bl_provenance_program(void) {
    return "borderline " BORDERLINE_VERSION;
}

const char *bl_provenance_git_describe(void) {
    return BORDERLINE_GIT_DESCRIBE;
}

/* --- one function per fact; each writes at most TEXT_SIZE bytes --- */

/* printf behind what is there; a text that is full stays as it is. */
static void append(char *text, const char *format, ...) BL_PRINTF(2, 3);
static void append(char *text, const char *format, ...) {
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text + used, TEXT_SIZE - used, format, arguments);
    va_end(arguments);
}

static void put_started(const launch *l, char *text) {
    (void)l;
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc))
        (void)strftime(text, TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void put_program(const launch *l, char *text) {
    (void)l;
    append(text, "%s", bl_provenance_program());
}

static void put_git_describe(const launch *l, char *text) {
    (void)l;
    append(text, "%s", bl_provenance_git_describe());
}

static void put_command(const launch *l, char *text) {
    for (int i = 0; i < l->argc; i++) {
        const char *quote = strpbrk(l->argv[i], " \t\n'\"$*?[]{}();&|<>") || !*l->argv[i] ? "'" : "";
        append(text, "%s%s%s%s", i ? " " : "", quote, l->argv[i], quote);
    }
}

static void put_compiler(const launch *l, char *text) {
    (void)l;
    append(text, "%s", BORDERLINE_COMPILER);
}

static void put_compiler_flags(const launch *l, char *text) {
    (void)l;
    append(text, "%s", BORDERLINE_COMPILER_FLAGS);
}

static void put_mpi(const launch *l, char *text) {
    (void)l;
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    if (MPI_Get_library_version(version, &length) == MPI_SUCCESS)
        append(text, "%.*s", (int)strcspn(version, "\n"), version);
}

static void put_hdf5(const launch *l, char *text) {
    (void)l;
    unsigned major = 0, minor = 0, release = 0;
    if (H5get_libversion(&major, &minor, &release) >= 0)
        append(text, "%u.%u.%u", major, minor, release);
}

static void put_blas(const launch *l, char *text) {
    (void)l;
    if (openblas_get_config)
        append(text, "%s", openblas_get_config());
    else
        append(text, "%s", BORDERLINE_BLAS);
    if (openblas_get_corename)
        append(text, ", kernels %s", openblas_get_corename());
}

static void put_onednn(const launch *l, char *text) {
    (void)l;
    const dnnl_version_t *version = dnnl_version();
    append(text, "%d.%d.%d", version->major, version->minor, version->patch);
}

static void put_scalapack(const launch *l, char *text) {
    (void)l;
    append(text, "%s", BORDERLINE_SCALAPACK);
}

static void put_system(const launch *l, char *text) {
    (void)l;
    struct utsname name;
    if (uname(&name) >= 0)
        append(text, "%s %s %s", name.sysname, name.release, name.machine);
}

static void put_cpu(const launch *l, char *text) {
    (void)l;
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && !*text && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (!colon || (strncmp(line, "model name", 10) != 0 && strncmp(line, "cpu\t", 4) != 0))
            continue;
        line[strcspn(line, "\n")] = '\0';
        append(text, "%s", colon + 1 + strspn(colon + 1, " "));
    }
    if (file)
        (void)fclose(file);
    if (!*text)
        put_system(l, text);
}

static void put_cores(const launch *l, char *text) {
    (void)l;
    append(text, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
}

static void put_memory(const launch *l, char *text) {
    (void)l;
    double pages = (double)sysconf(_SC_PHYS_PAGES), size = (double)sysconf(_SC_PAGESIZE);
    append(text, "%.1f GiB", pages * size / (1024.0 * 1024.0 * 1024.0));
}

static void put_ranks(const launch *l, char *text) {
    append(text, "%d", l->comm->size);
}

/* "node01 x 32, node02 x 32"; ranks of one host follow each other in nearly every launcher's order. */
static void put_hosts(const launch *l, char *text) {
    for (int i = 0; i < l->comm->size;) {
        const char *host = l->hosts + (size_t)i * HOST_SIZE;
        int first = i;
        while (i < l->comm->size && strcmp(l->hosts + (size_t)i * HOST_SIZE, host) == 0)
            i++;
        append(text, "%s%s x %d", first ? ", " : "", host, i - first);
    }
}

static void put_variables(char *text, const char *const *name) {
    for (; *name; name++)
        if (getenv(*name))
            append(text, "%s%s=%s", *text ? " " : "", *name, getenv(*name));
}

static void put_threads(const launch *l, char *text) {
    (void)l;
    static const char *const name[] = {"OMP_NUM_THREADS",    "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                                       "BLIS_NUM_THREADS",   "OPENBLAS_CORETYPE",    "DNNL_MAX_CPU_ISA",
                                       "ONEDNN_MAX_CPU_ISA", "BORDERLINE_MAX_ISA",   NULL};
    put_variables(text, name);
}

static void put_variable(char *text, const char *name) {
    const char *value = getenv(name);
    append(text, "%s", value ? value : "");
}

static void put_slurm_job(const launch *l, char *text) {
    (void)l;
    put_variable(text, "SLURM_JOB_ID");
}

static void put_slurm_array(const launch *l, char *text) {
    (void)l;
    const char *job = getenv("SLURM_ARRAY_JOB_ID"), *task = getenv("SLURM_ARRAY_TASK_ID");
    if (job && task)
        append(text, "%s_%s", job, task);
}

static void put_slurm_nodes(const launch *l, char *text) {
    (void)l;
    put_variable(text, "SLURM_JOB_NODELIST");
}

static void put_slurm_partition(const launch *l, char *text) {
    (void)l;
    put_variable(text, "SLURM_JOB_PARTITION");
}

static void put_slurm_restarts(const launch *l, char *text) {
    (void)l;
    put_variable(text, "SLURM_RESTART_COUNT");
}

/* key, longest text, meaning, its function */
#define KEY_LIST(X)                                                                                          \
    X(started, 64, "start of the launch, UTC", put_started)                                                  \
    X(program, 64, "program and version", put_program)                                                       \
    X(git_describe, 64, "git describe of the program's source", put_git_describe)                            \
    X(command, 512, "command line", put_command)                                                             \
    X(compiler, 64, "compiler the program was built with", put_compiler)                                     \
    X(compiler_flags, 256, "build type and compiler flags, without warnings", put_compiler_flags)            \
    X(mpi_library, 128, "MPI library", put_mpi)                                                              \
    X(hdf5_version, 64, "HDF5 library", put_hdf5)                                                            \
    X(blas, 128, "BLAS library", put_blas)                                                                   \
    X(onednn, 64, "oneDNN library", put_onednn)                                                              \
    X(scalapack, 64, "ScaLAPACK library", put_scalapack)                                                     \
    X(system, 128, "operating system of rank 0", put_system)                                                 \
    X(cpu_model, 64, "processor of rank 0", put_cpu)                                                         \
    X(cores, 64, "logical processors of rank 0's host", put_cores)                                           \
    X(memory, 64, "memory of rank 0's host", put_memory)                                                     \
    X(ranks, 64, "number of MPI ranks", put_ranks)                                                           \
    X(hosts, 256, "hosts and their numbers of ranks", put_hosts)                                             \
    X(threads, 256, "environment that steers threads and kernels of the libraries", put_threads)             \
    X(slurm_job_id, 64, "Slurm: job; empty outside Slurm", put_slurm_job)                                    \
    X(slurm_array_task, 64, "Slurm: array job and task", put_slurm_array)                                    \
    X(slurm_nodes, 256, "Slurm: nodes of the job", put_slurm_nodes)                                          \
    X(slurm_partition, 64, "Slurm: partition", put_slurm_partition)                                          \
    X(slurm_restarts, 64, "Slurm: how often the job was requeued", put_slurm_restarts)

#define KEY_ROW(name, width, meaning, put) {#name, width, meaning},
const bl_provenance_key bl_provenance_keys[BL_PROVENANCE_KEYS] = {KEY_LIST(KEY_ROW)};

#define PUT_ROW(name, width, meaning, put) put,
static void (*const put_fact[])(const launch *, char *) = {KEY_LIST(PUT_ROW)};
_Static_assert(sizeof put_fact / sizeof put_fact[0] == BL_PROVENANCE_KEYS, "BL_PROVENANCE_KEYS");

void bl_provenance_print_build(FILE *stream) {
    static const struct {
        const char *name;
        void (*put)(const launch *, char *);
    } fact[] = {
        {"compiler", put_compiler}, {"flags", put_compiler_flags}, {"MPI", put_mpi},      {"HDF5", put_hdf5},
        {"BLAS", put_blas},         {"ScaLAPACK", put_scalapack},  {"oneDNN", put_onednn}};
    for (size_t i = 0; i < sizeof fact / sizeof *fact; i++) {
        char text[TEXT_SIZE] = "";
        fact[i].put(NULL, text);
        (void)fprintf(stream, "%-18s%s\n", fact[i].name, *text ? text : "version not known");
    }
    (void)fprintf(stream, "%-18s%s", "instruction sets", bl_isa_name(BL_ISA_BASE));
    for (int isa = BL_ISA_BASE + 1; isa < BL_ISA_COUNT; isa++)
        if (bl_isa_is_built((bl_isa)isa))
            (void)fprintf(stream, ", %s", bl_isa_name((bl_isa)isa));
    (void)fprintf(stream, "; here %s\n", bl_isa_name(bl_isa_used()));
}

/* --- gathering --- */

static bl_err copy_text(const char *text, size_t width, char **out) {
    bl_err err = BL_OK;
    size_t length = strlen(text);
    BL_ALLOC(*out, width + 1);
    memcpy(*out, text, length < width ? length : width);
    if (length > width)
        memcpy(*out + width - 3, "...", 3);
    for (char *c = *out; *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = ' ';
cleanup:
    return err;
}

static bl_err fill(bl_provenance *provenance, const launch *l) {
    bl_err err = BL_OK;
    char *text = NULL;
    BL_ALLOC(provenance->key, BL_PROVENANCE_KEYS);
    BL_ALLOC(provenance->value, BL_PROVENANCE_KEYS);
    BL_ALLOC(text, TEXT_SIZE);
    provenance->count = BL_PROVENANCE_KEYS;
    for (size_t i = 0; i < BL_PROVENANCE_KEYS; i++) {
        const bl_provenance_key *key = &bl_provenance_keys[i];
        text[0] = '\0';
        put_fact[i](l, text);
        BL_TRY(copy_text(key->name, strlen(key->name), &provenance->key[i]));
        BL_TRY(copy_text(text, key->width, &provenance->value[i]));
    }
cleanup:
    bl_mem_free(text);
    return err;
}

bl_err bl_provenance_gather(const bl_comm *comm, int argc, char **argv, bl_provenance **out) {
    bl_err err = BL_OK;
    bl_provenance *provenance = NULL;
    char host[HOST_SIZE] = "", *hosts = NULL;
    bool first = comm->rank == 0;
    *out = NULL;
    if (gethostname(host, sizeof host - 1) != 0)
        (void)snprintf(host, sizeof host, "unknown");
    hosts = bl_mem_alloc(first ? (size_t)comm->size : 1, HOST_SIZE);
    provenance = bl_mem_alloc(1, sizeof *provenance);
    BL_TRY(bl_agree(comm, hosts && provenance ? BL_OK : BL_ERR_MEMORY));
    BL_REQUIRE(MPI_Gather(host, HOST_SIZE, MPI_CHAR, hosts, HOST_SIZE, MPI_CHAR, 0, comm->world) ==
                   MPI_SUCCESS,
               BL_ERR_LIBRARY, "MPI_Gather of the host names failed");
    if (first) {
        const launch l = {.comm = comm, .argc = argc, .argv = argv, .hosts = hosts};
        BL_TRY(fill(provenance, &l));
    }
    *out = provenance;
    provenance = NULL;
cleanup:
    bl_mem_free(hosts);
    bl_provenance_destroy(&provenance);
    return err;
}

void bl_provenance_destroy(bl_provenance **provenance) {
    if (!*provenance)
        return;
    for (size_t i = 0; i < (*provenance)->count; i++) {
        bl_mem_free((*provenance)->key[i]);
        bl_mem_free((*provenance)->value[i]);
    }
    bl_mem_free((*provenance)->key);
    bl_mem_free((*provenance)->value);
    bl_mem_free(*provenance);
    *provenance = NULL;
}
