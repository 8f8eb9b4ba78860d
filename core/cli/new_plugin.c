/*
 * The command new-plugin: makes a folder with a plugin that builds and works, from the templates that are installed with
 * the headers. Main thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <flow-exporter/file.h>

#include "cli/commands.h"
#include "util/str.h"

#define SHOW      "output-show" /* tests of inputs and resolvers use this output */
#define NAME_MAX_ 60

/* A file of the folder. "%s" stands for the kind. */
struct part {
    const char *from, *to; /* to NULL: NAME.c */
    mode_t mode;
};

static const struct part parts[] = {
    {"%s.c.in", NULL, 0666},
    {"check-%s.sh.in", "check.sh", 0777},
    {"make.in", "Makefile", 0666},
    {"meson.build.in", "meson.build", 0666},
    {"CMakeLists.txt.in", "CMakeLists.txt", 0666},
    {"README.md.in", "README.md", 0666},
};

struct making {
    const char *kind, *name;
    bool has_show;
    char templates[PATH_MAX];
    struct fx_error *err;
    int rc; /* the result of reading the table of options */
};

/* The templates are beside the program (PREFIX/bin, PREFIX/share), or in the configured place. */
static void find_templates(struct making *making)
{
    char program[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    program[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    snprintf(making->templates, sizeof making->templates, "%.3000s/../share/flow-exporter/new-plugin", program);
    if (!slash || access(making->templates, R_OK))
        snprintf(making->templates, sizeof making->templates, "%s", FXI_TEMPLATE_DIR);
}

static int check_words(const struct fxi_args *args, struct fx_error *err)
{
    static const char *const kinds[] = {"input", "resolver", "output"};
    const char *name = args->arguments[0];
    bool is_kind = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        is_kind |= strcmp(args->argument, kinds[i]) == 0;
    if (!is_kind)
        return fx_error_set(err, FX_EINVAL, "a plugin is an input, a resolver or an output, not '%s'", args->argument);
    size_t kind_size = strlen(args->argument);
    if (strncmp(name, args->argument, kind_size) != 0 || name[kind_size] != '-' || !name[kind_size + 1] ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] || strlen(name) > NAME_MAX_)
        return fx_error_set(err, FX_EINVAL,
                            "the name of a plugin begins with its kind and has small letters, digits and '-', as in "
                            "'%s-mine'",
                            args->argument);
    return 0;
}

static int read_template(struct making *making, const char *file, struct fxi_str *text)
{
    char path[PATH_MAX + 64], buffer[4096];
    snprintf(path, sizeof path, "%s/%s", making->templates, file);
    const char *why;
    int fd = fx_file_open(path, O_RDONLY, &why);
    if (fd < 0)
        return fx_error_set(making->err, FX_EIO,
                            "can't read %s: %s. The templates come with the headers (package libflow-exporter-dev or "
                            "flow-exporter-devel)",
                            path, why);
    for (ssize_t size; (size = read(fd, buffer, sizeof buffer)) > 0;)
        fxi_str_add(text, buffer, (size_t)size);
    close(fd);
    return 0;
}

/* Adds the table of the template's options. */
static void add_options(struct fxi_str *out, struct making *making)
{
    char file[32];
    snprintf(file, sizeof file, "options-%s.md", making->kind);
    making->rc = read_template(making, file, out);
}

static void add_word(struct fxi_str *out, struct making *making, const char *name, const char *word, size_t size)
{
    static const char *const words[] = {"NAMES_QUOTED", "NAMES", "NAME", "KIND", "SHOW_SO", "OPTIONS"};
    size_t at = 0;
    while (at < sizeof words / sizeof *words && (strlen(words[at]) != size || strncmp(words[at], word, size) != 0))
        at++;
    if (at == 0)
        fxi_str_printf(out, "'%s'%s", name, making->has_show ? ", '" SHOW "'" : "");
    else if (at == 1)
        fxi_str_printf(out, "%s%s", name, making->has_show ? " " SHOW : "");
    else if (at == 2)
        fxi_str_puts(out, name);
    else if (at == 3)
        fxi_str_puts(out, making->kind);
    else if (at == 4)
        fxi_str_puts(out, making->has_show ? " " SHOW ".so" : "");
    else if (at == 5)
        add_options(out, making);
}

/* Replaces each @WORD@. Any other '@' stays. */
static void fill_in(struct fxi_str *out, struct making *making, const char *name, const char *text)
{
    for (const char *at; (at = strchr(text, '@'));) {
        size_t size = strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
        bool is_word = size && at[1 + size] == '@';
        fxi_str_add(out, text, (size_t)(at - text) + !is_word);
        if (is_word)
            add_word(out, making, name, at + 1, size);
        text = is_word ? at + 2 + size : at + 1;
    }
    fxi_str_puts(out, text);
}

static int write_file(const struct making *making, const char *file, mode_t mode, const struct fxi_str *text)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", making->name, file);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    bool is_written = fd >= 0 && write(fd, text->data, text->size) == (ssize_t)text->size;
    int fault = errno;
    if (fd >= 0)
        close(fd);
    return is_written ? 0 : fx_error_set(making->err, FX_EIO, "can't write %s: %s", path, strerror(fault));
}

/* name is the name of the plugin in the file. */
static int make_file(struct making *making, const char *from, const char *name, const char *to, mode_t mode)
{
    struct fxi_str text = {0}, filled = {0};
    int rc = read_template(making, from, &text);
    if (!rc) {
        fill_in(&filled, making, name, text.data ? text.data : "");
        rc = making->rc;
    }
    if (!rc)
        rc = write_file(making, to, mode, &filled);
    fxi_str_fini(&text);
    fxi_str_fini(&filled);
    return rc;
}

static int make_folder(struct making *making)
{
    char own[NAME_MAX_ + 8];
    snprintf(own, sizeof own, "%s.c", making->name);
    struct fxi_str first = {0};
    int is_there = read_template(making, "make.in", &first); /* before there is a folder */
    fxi_str_fini(&first);
    if (is_there)
        return is_there;
    if (mkdir(making->name, 0777))
        return fx_error_set(making->err, FX_EIO, "can't make the folder '%s': %s", making->name, strerror(errno));
    int rc = making->has_show ? make_file(making, "output.c.in", SHOW, SHOW ".c", 0666) : 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !rc; i++) {
        const char *sign = strstr(parts[i].from, "%s");
        struct fxi_str from = {0};
        fxi_str_add(&from, parts[i].from, sign ? (size_t)(sign - parts[i].from) : strlen(parts[i].from));
        if (sign)
            fxi_str_printf(&from, "%s%s", making->kind, sign + 2);
        rc = make_file(making, from.data, making->name, parts[i].to ? parts[i].to : own, parts[i].mode);
        fxi_str_fini(&from);
    }
    return rc;
}

int fxi_command_new_plugin(struct fxi_loader *loader, const struct fxi_args *args)
{
    struct fx_error err = FX_ERROR_INIT;
    (void)loader;
    if (check_words(args, &err)) {
        fxi_print_error(&err);
        return FXI_STATUS_USAGE;
    }
    struct making making = {.kind = args->argument, .name = args->arguments[0], .err = &err};
    making.has_show = strcmp(making.kind, "output") != 0;
    find_templates(&making);
    if (make_folder(&making)) {
        fxi_print_error(&err);
        return FXI_STATUS_FAULT;
    }
    printf("%s/ has a plugin that works. 'make check' there builds and tests it; README.md tells the rest.\n",
           making.name);
    return FXI_STATUS_OK;
}
