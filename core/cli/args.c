/*
 * Parses the command line by hand. A flag may have one dash or two, and "=" or a space before its value: the program
 * that this one replaces took all four forms. Main thread. Nothing is printed or opened here.
 */
#include "cli/args.h"

#include <stdlib.h>
#include <string.h>

#include <flow-exporter/asn.h>

#include "cli/command_table.h"
#include "cli/status.h"
#include "config/options.h"
#include "config/text.h"
#include "util/alloc.h"

enum flag_kind { FLAG_TEXT, FLAG_SWITCH, FLAG_PATHS };

/* One flag: where its value goes in struct fxi_args. */
struct flag {
    const char *name;
    enum flag_kind kind;
    bool is_old; /* a flag of the replaced program: it stands for something in a configuration file */
    size_t offset, count_offset;
};

#define TEXT(name_, member_)                                                                                           \
    {                                                                                                                  \
        name_, FLAG_TEXT, false, offsetof(struct fxi_args, member_), 0                                                 \
    }
#define OLD_TEXT(name_, member_)                                                                                       \
    {                                                                                                                  \
        name_, FLAG_TEXT, true, offsetof(struct fxi_args, member_), 0                                                  \
    }
#define SWITCH(name_, member_)                                                                                         \
    {                                                                                                                  \
        name_, FLAG_SWITCH, false, offsetof(struct fxi_args, member_), 0                                               \
    }
#define PATHS(name_, old_, member_, count_)                                                                            \
    {                                                                                                                  \
        name_, FLAG_PATHS, old_, offsetof(struct fxi_args, member_), offsetof(struct fxi_args, count_)                 \
    }

/* The flags help and version are not in this table, because they end the parsing. */
static const struct flag flags[] = {
    OLD_TEXT("brokers", flags.brokers),
    OLD_TEXT("topic", flags.topic),
    OLD_TEXT("partitions", flags.partitions),
    OLD_TEXT("asn", flags.asn),
    OLD_TEXT("addr", flags.addr),
    OLD_TEXT("whois", flags.whois),
    PATHS("names", true, names, flags.name_count),
    TEXT("config", config_file),
    SWITCH("check", check),
    SWITCH("is-configured", is_configured),
    SWITCH("print-config", print_config),
    PATHS("plugin-dir", false, plugin_dirs, plugin_dir_count),
    SWITCH("markdown", markdown),
};
#define FLAG_COUNT (sizeof flags / sizeof *flags)

/* The words of the command line, one after the other. */
struct words {
    int argc, at;
    char **argv;
    const char *old_flag; /* the first old flag on the command line, or NULL */
};

static const struct flag *flag_find(const char *name, size_t size)
{
    for (size_t i = 0; i < FLAG_COUNT; i++)
        if (strlen(flags[i].name) == size && strncmp(flags[i].name, name, size) == 0)
            return &flags[i];
    return NULL;
}

static int fail_unknown(const char *name, size_t size, struct fx_error *err)
{
    char *word = fxi_strndup(name, size), shown[FXI_SHOWN_MAX];
    struct fxi_guess guess = fxi_guess_begin(word);
    for (size_t i = 0; i < FLAG_COUNT; i++)
        fxi_guess_offer(&guess, flags[i].name);
    fxi_guess_offer(&guess, "version");
    fxi_guess_offer(&guess, "help");
    fxi_text_show(word, shown);
    free(word);
    if (guess.best)
        return fx_error_set(err, FX_EINVAL, "unknown flag '--%s'; did you mean '--%s'?", shown, guess.best);
    return fx_error_set(err, FX_EINVAL, "unknown flag '--%s'; --help lists them", shown);
}

static bool is_flag(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && !(word[1] >= '0' && word[1] <= '9');
}

/* Takes a flag's value: the text after "=", or the next word, which must not look like a flag. */
static const char *value_take(struct words *words, const char *equals)
{
    if (equals)
        return equals + 1;
    if (words->at >= words->argc || is_flag(words->argv[words->at]))
        return NULL;
    return words->argv[words->at++];
}

static void path_add(struct fxi_args *args, const struct flag *flag, const char *value)
{
    const char ***list = (const char ***)(void *)((char *)args + flag->offset);
    size_t *count = (size_t *)(void *)((char *)args + flag->count_offset);
    *list = fxi_realloc(*list, *count + 1, sizeof **list);
    (*list)[(*count)++] = value;
}

static int switch_set(struct fxi_args *args, const struct flag *flag, const char *equals, struct fx_error *err)
{
    if (equals)
        return fx_error_set(err, FX_EINVAL, "--%s takes no value", flag->name);
    *(bool *)((char *)args + flag->offset) = true;
    return 0;
}

static int value_set(struct fxi_args *args, const struct flag *flag, const char *value, struct fx_error *err)
{
    if (!value || !*value)
        return fx_error_set(err, FX_EINVAL, "--%s needs a value", flag->name);
    if (flag->kind == FLAG_PATHS)
        path_add(args, flag, value);
    else
        *(const char **)(void *)((char *)args + flag->offset) = value;
    return 0;
}

static int flag_parse(struct fxi_args *args, struct words *words, struct fx_error *err)
{
    const char *name = words->argv[words->at++];
    name += name[1] == '-' ? 2 : 1;
    const char *equals = strchr(name, '=');
    size_t size = equals ? (size_t)(equals - name) : strlen(name);
    const struct flag *flag = flag_find(name, size);
    if (!flag)
        return fail_unknown(name, size, err);
    if (flag->is_old && !words->old_flag)
        words->old_flag = flag->name;
    if (flag->kind == FLAG_SWITCH)
        return switch_set(args, flag, equals, err);
    return value_set(args, flag, value_take(words, equals), err);
}

static bool is_command(const char *word)
{
    return word[0] >= 'a' && word[0] <= 'z' && word[strspn(word, "abcdefghijklmnopqrstuvwxyz-")] == '\0';
}

static void argument_add(struct fxi_args *args, const char *word)
{
    args->arguments = fxi_realloc(args->arguments, args->argument_count + 1, sizeof *args->arguments);
    args->arguments[args->argument_count++] = word;
}

/* Takes a command: one of the table with its argument, or a plugin's command with any arguments. */
static int command_parse(struct fxi_args *args, struct words *words, struct fx_error *err)
{
    const char *word = words->argv[words->at++];
    char shown[FXI_SHOWN_MAX];
    if (args->action == FXI_ACTION_OWN && args->own->argument && !args->argument) {
        args->argument = word;
        return 0;
    }
    if (args->action == FXI_ACTION_OWN && args->argument_count < args->own->more) {
        argument_add(args, word);
        return 0;
    }
    if (args->action == FXI_ACTION_RUN && (args->own = fxi_command_find(word))) {
        args->action = FXI_ACTION_OWN;
        return 0;
    }
    if (args->action == FXI_ACTION_COMMAND) {
        argument_add(args, word);
        return 0;
    }
    if (args->action == FXI_ACTION_RUN && is_command(word)) {
        args->action = FXI_ACTION_COMMAND;
        args->command = word;
        return 0;
    }
    return fx_error_set(err, FX_EINVAL, "unexpected argument '%s'; --help lists the commands",
                        fxi_text_show(word, shown));
}

/* --help and --version win over everything else, provided that no faulty word stands before them. */
static bool ending_parse(struct fxi_args *args, const char *word)
{
    if (strcmp(word, "-h") == 0 || strcmp(word, "-help") == 0 || strcmp(word, "--help") == 0)
        args->action = FXI_ACTION_HELP;
    else if (strcmp(word, "-V") == 0 || strcmp(word, "-version") == 0 || strcmp(word, "--version") == 0)
        args->action = FXI_ACTION_VERSION;
    else
        return false;
    return true;
}

struct pieces_check {
    int code;
    struct fx_error *err;
};

static void number_take(void *arg, const char *piece)
{
    static const struct fx_option option = {.key = "--partitions", .type = FX_OPT_INTEGER, .max = INT32_MAX};
    struct pieces_check *state = arg;
    int64_t number;
    if (state->code == 0)
        state->code = fxi_option_parse(&option, piece, &number, state->err);
}

/* One of the numbers of --asn. */
static void asn_take(void *arg, const char *piece)
{
    struct pieces_check *state = arg;
    struct fx_error why = FX_ERROR_INIT;
    uint32_t number;
    if (state->code == 0 && fx_asn_read(piece, &number, &why))
        state->code = fx_error_set(state->err, FX_EINVAL, "'--asn': %s", why.message);
}

static int asn_check(const char *text, struct fx_error *err)
{
    struct pieces_check state = {0, err};
    if (fxi_flags_split(text, asn_take, &state) == 0)
        return fx_error_set(err, FX_EINVAL, "'--asn' must be an AS number such as 15169, or several: 15169,36040");
    return state.code;
}

static void piece_ignore(void *arg, const char *piece)
{
    (void)arg;
    (void)piece;
}

static int values_check(const struct fxi_flags *values, struct fx_error *err)
{
    if (fxi_flags_split(values->brokers, piece_ignore, NULL) == 0)
        return fx_error_set(err, FX_EINVAL, "'--brokers' must be addresses such as kafka1:9092,kafka2:9092");
    int code = values->asn ? asn_check(values->asn, err) : 0;
    if (code != 0 || !values->partitions || strcmp(values->partitions, "all") == 0)
        return code;
    struct pieces_check state = {0, err};
    if (fxi_flags_split(values->partitions, number_take, &state) == 0)
        return fx_error_set(err, FX_EINVAL, "'--partitions' must be 'all' or numbers such as 0,1,2");
    return state.code;
}

/* A plugin's command takes the configuration as a run does, but of the old flags only those that concern names. */
static int command_check(struct fxi_args *args, const struct words *words, struct fx_error *err)
{
    if (args->check || args->print_config || args->is_configured)
        return fx_error_set(err, FX_EINVAL, "'%s' takes neither --check nor --print-config nor --is-configured",
                            args->command);
    if (args->config_file && words->old_flag)
        return fx_error_set(err, FX_EINVAL, "--config and --%s exclude each other: write the option into the file",
                            words->old_flag);
    return 0;
}

static int fail_markdown(struct fx_error *err)
{
    struct fxi_str names = {0};
    for (const struct fxi_command *command = fxi_commands; command->name; command++)
        if (command->has_markdown)
            fxi_str_printf(&names, "%s'%s%s%s'", names.size ? " and " : "", command->name, command->argument ? " " : "",
                           command->argument ? command->argument : "");
    fx_error_set(err, FX_EINVAL, "--markdown is for %s only", names.data);
    fxi_str_fini(&names);
    return FX_EINVAL;
}

/* Checks that the flags go together, and that the action has what it needs. */
static int args_check(struct fxi_args *args, const struct words *words, struct fx_error *err)
{
    bool is_run = args->action == FXI_ACTION_RUN;
    if (args->action == FXI_ACTION_COMMAND && !args->markdown)
        return command_check(args, words, err);
    if (args->own && args->own->argument && (!args->argument || args->argument_count < args->own->more))
        return fx_error_set(err, FX_EINVAL, "'%s' needs %s", args->own->name, args->own->argument_is);
    if (args->markdown && !(args->own && args->own->has_markdown))
        return fail_markdown(err);
    if (args->own && (words->old_flag || args->config_file || args->check || args->print_config || args->is_configured))
        return fx_error_set(err, FX_EINVAL, "'%s' takes no other flag than --plugin-dir%s", args->own->name,
                            args->own->has_markdown ? " and --markdown" : "");
    if (!is_run)
        return 0;
    if (args->config_file && words->old_flag)
        return fx_error_set(err, FX_EINVAL, "--config and --%s exclude each other: write the option into the file",
                            words->old_flag);
    if (args->config_file)
        return 0;
    if (!args->flags.brokers || !args->flags.topic) {
        args->action = FXI_ACTION_HELP;
        args->help_status = FXI_STATUS_USAGE;
        if (words->argc > 1)
            args->missing = words->old_flag ? "--brokers and --topic are required" : "--config is needed";
        return 0;
    }
    return values_check(&args->flags, err);
}

int fxi_args_parse(struct fxi_args *args, int argc, char **argv, struct fx_error *err)
{
    *args = (struct fxi_args){.action = FXI_ACTION_RUN};
    struct words words = {.argc = argc, .at = 1, .argv = argv};
    int code = 0;
    while (code == 0 && words.at < argc) {
        if (ending_parse(args, argv[words.at]))
            return 0;
        code = is_flag(argv[words.at]) ? flag_parse(args, &words, err) : command_parse(args, &words, err);
    }
    args->flags.names = args->names;
    return code != 0 ? code : args_check(args, &words, err);
}

void fxi_args_fini(struct fxi_args *args)
{
    free(args->plugin_dirs);
    free(args->names);
    free(args->arguments);
    *args = (struct fxi_args){.action = FXI_ACTION_RUN};
}

/* "  plugin NAME [--markdown]    what it does" */
static void command_print(FILE *out, const struct fxi_command *command)
{
    char words[64];
    snprintf(words, sizeof words, "%s%s%s%s", command->name, command->argument ? " " : "",
             command->argument ? command->argument : "", command->has_markdown ? " [--markdown]" : "");
    fprintf(out, "  %-25s  %s\n", words, command->help);
}

void fxi_args_help(FILE *out)
{
    fputs("Usage: flow-exporter --config FILE\n"
          "       flow-exporter --brokers HOST:PORT,... --topic TOPIC [--asn N]\n"
          "       flow-exporter [--config FILE] COMMAND ...\n"
          "Counts network flow records by autonomous system, for Prometheus.\n"
          "  --config FILE              the configuration, in YAML\n"
          "  --check, --print-config    check or print the configuration and exit\n"
          "  --is-configured            exit with 1 if a value of yours is missing\n"
          "  --plugin-dir DIR           look for plugins here first; may be repeated\n"
          "  --version, --help          print the version or this help\n"
          "Instead of a configuration file:\n"
          "  --brokers LIST             Kafka brokers, separated by commas\n"
          "  --topic TOPIC              the topic of the flow records\n"
          "  --partitions LIST          'all' (the default), or numbers such as 0,1,2\n"
          "  --asn N                    your own AS: what it sends and receives is counted\n"
          "  --addr ADDRESS             where Prometheus finds the page; default :9590\n"
          "  --names FILE               a file of AS names; may be repeated\n"
          "  --whois HOST[:PORT]        the server of AS names, or 'none'\n"
          "Commands; plugins may bring more, which 'plugins' shows:\n",
          out);
    for (const struct fxi_command *command = fxi_commands; command->name; command++)
        command_print(out, command);
}
