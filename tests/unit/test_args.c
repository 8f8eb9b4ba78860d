/* The command line: the four forms of a flag, which flags exclude each other, and the size of the help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/args.h"
#include "cli/command_table.h"
#include "cli/status.h"

#define WORDS_MAX 16

/* argv as main gets it. The words end with NULL. */
static int parse(struct fxi_args *args, const char *const *words, struct fx_error *err)
{
    char *argv[WORDS_MAX + 2] = {(char *)"flow-exporter"};
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    return fxi_args_parse(args, argc, argv, err);
}

static void test_forms(void **state)
{
    (void)state;
    static const char *const forms[][WORDS_MAX] = {
        {"--brokers=a:1,b:2", "--topic=t", "--asn=15169", "--partitions=0,1", "--addr=:80"},
        {"--brokers", "a:1,b:2", "--topic", "t", "--asn", "15169", "--partitions", "0,1", "--addr", ":80"},
        {"-brokers=a:1,b:2", "-topic=t", "-asn=15169", "-partitions=0,1", "-addr=:80"},
        {"-brokers", "a:1,b:2", "-topic", "t", "-asn", "15169", "-partitions", "0,1", "-addr", ":80"},
        {"-topic=x", "--brokers=a:1,b:2", "-topic", "t", "-asn=15169", "--partitions", "0,1", "-addr=:80"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct fxi_args args;
        struct fx_error err = FX_ERROR_INIT;
        assert_int_equal(parse(&args, forms[i], &err), 0);
        assert_int_equal(args.action, FXI_ACTION_RUN);
        assert_string_equal(args.flags.brokers, "a:1,b:2");
        assert_string_equal(args.flags.topic, "t");
        assert_string_equal(args.flags.asn, "15169");
        assert_string_equal(args.flags.partitions, "0,1");
        assert_string_equal(args.flags.addr, ":80");
        assert_null(args.flags.whois);
        assert_null(args.config_file);
        assert_int_equal(args.flags.name_count, 0);
        fxi_args_fini(&args);
    }
}

static void test_paths_repeat(void **state)
{
    (void)state;
    static const char *const words[] = {
        "--names",      "a", "-names=b",         "--brokers=k", "--topic=t", "--whois=none", "--check",
        "--plugin-dir", "x", "--plugin-dir=y=z", NULL};
    struct fxi_args args;
    struct fx_error err = FX_ERROR_INIT;
    assert_int_equal(parse(&args, words, &err), 0);
    assert_int_equal(args.flags.name_count, 2);
    assert_string_equal(args.flags.names[0], "a");
    assert_string_equal(args.flags.names[1], "b");
    assert_string_equal(args.flags.whois, "none");
    assert_int_equal(args.plugin_dir_count, 2);
    assert_string_equal(args.plugin_dirs[0], "x");
    assert_string_equal(args.plugin_dirs[1], "y=z");
    assert_true(args.check);
    assert_false(args.print_config);
    fxi_args_fini(&args);
}

static void test_config_file(void **state)
{
    (void)state;
    static const char *const words[] = {"--print-config", "-config", "f.yaml", "--plugin-dir=d", NULL};
    struct fxi_args args;
    struct fx_error err = FX_ERROR_INIT;
    assert_int_equal(parse(&args, words, &err), 0);
    assert_int_equal(args.action, FXI_ACTION_RUN);
    assert_string_equal(args.config_file, "f.yaml");
    assert_true(args.print_config);
    fxi_args_fini(&args);
}

static void test_actions(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        enum fxi_action action;
        int help_status;
        const char *missing;
    } cases[] = {
        {{NULL}, FXI_ACTION_HELP, FXI_STATUS_USAGE, NULL},
        {{"--help"}, FXI_ACTION_HELP, 0, NULL},
        {{"-h"}, FXI_ACTION_HELP, 0, NULL},
        {{"-help"}, FXI_ACTION_HELP, 0, NULL},
        {{"plugin", "--help"}, FXI_ACTION_HELP, 0, NULL},
        {{"--version"}, FXI_ACTION_VERSION, 0, NULL},
        {{"-V"}, FXI_ACTION_VERSION, 0, NULL},
        {{"--asn=x", "-version"}, FXI_ACTION_VERSION, 0, NULL},
        {{"plugins"}, FXI_ACTION_OWN, 0, NULL},
        {{"metrics"}, FXI_ACTION_OWN, 0, NULL},
        {{"whois", "AS15169", "3"}, FXI_ACTION_COMMAND, 0, NULL},
        {{"--config", "f", "whois", "plugins"}, FXI_ACTION_COMMAND, 0, NULL},
        {{"--plugin-dir", "d", "plugins"}, FXI_ACTION_OWN, 0, NULL},
        {{"options"}, FXI_ACTION_OWN, 0, NULL},
        {{"options", "--markdown"}, FXI_ACTION_OWN, 0, NULL},
        {{"state", "d"}, FXI_ACTION_OWN, 0, NULL},
        {{"plugin", "input-kafka"}, FXI_ACTION_OWN, 0, NULL},
        {{"plugin", "--markdown", "plugins", "--plugin-dir=d"}, FXI_ACTION_OWN, 0, NULL},
        {{"--topic=t"}, FXI_ACTION_HELP, FXI_STATUS_USAGE, "--brokers and --topic are required"},
        {{"--brokers=b"}, FXI_ACTION_HELP, FXI_STATUS_USAGE, "--brokers and --topic are required"},
        {{"--asn", "1"}, FXI_ACTION_HELP, FXI_STATUS_USAGE, "--brokers and --topic are required"},
        {{"--check"}, FXI_ACTION_HELP, FXI_STATUS_USAGE, "--config is needed"},
        {{"--brokers=b", "--topic=t"}, FXI_ACTION_RUN, 0, NULL},
        {{"--brokers=b", "--topic=t", "--asn=0", "--partitions", "all"}, FXI_ACTION_RUN, 0, NULL},
        {{"--brokers=b", "--topic=t", "--asn=AS1,1.10"}, FXI_ACTION_RUN, 0, NULL},
        {{"--config=f", "--is-configured"}, FXI_ACTION_RUN, 0, NULL},
        {{"--brokers=b", "--topic=t", "--asn=4294967295", "--partitions", "0, 2147483647"}, FXI_ACTION_RUN, 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fxi_args args;
        struct fx_error err = FX_ERROR_INIT;
        if (parse(&args, cases[i].words, &err) != 0)
            fail_msg("case %zu: %s", i, err.message);
        assert_int_equal(args.action, cases[i].action);
        assert_int_equal(args.help_status, cases[i].help_status);
        if (cases[i].missing)
            assert_string_equal(args.missing, cases[i].missing);
        else
            assert_null(args.missing);
        fxi_args_fini(&args);
    }
}

static void test_plugin_name(void **state)
{
    (void)state;
    static const char *const words[] = {"plugin", "output-x", "--markdown", NULL};
    struct fxi_args args;
    struct fx_error err = FX_ERROR_INIT;
    assert_int_equal(parse(&args, words, &err), 0);
    assert_string_equal(args.own->name, "plugin");
    assert_string_equal(args.argument, "output-x");
    assert_true(args.markdown);
    fxi_args_fini(&args);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *words[WORDS_MAX];
        const char *message;
    } cases[] = {
        {{"--brokrs=a"}, "unknown flag '--brokrs'; did you mean '--brokers'?"},
        {{"-topc", "t"}, "unknown flag '--topc'; did you mean '--topic'?"},
        {{"--zebra"}, "unknown flag '--zebra'; --help lists them"},
        {{"--"}, "unknown flag '--'"},
        {{"--versoin"}, "did you mean '--version'?"},
        {{"--brokers"}, "--brokers needs a value"},
        {{"--brokers", "--topic", "t"}, "--brokers needs a value"},
        {{"--brokers="}, "--brokers needs a value"},
        {{"--check=yes"}, "--check takes no value"},
        {{"--config=f", "--topic=t"}, "--config and --topic exclude each other"},
        {{"--names=f", "--config", "f"}, "--config and --names exclude each other"},
        {{"Run"}, "unexpected argument 'Run'; --help lists the commands"},
        {{"whois", "--check"}, "'whois' takes neither --check nor --print-config"},
        {{"whois", "--config=f", "--names=n"}, "--config and --names exclude each other"},
        {{"-"}, "unexpected argument '-'"},
        {{"plugins", "x"}, "unexpected argument 'x'"},
        {{"plugin", "a", "b"}, "unexpected argument 'b'"},
        {{"plugin"}, "'plugin' needs the name of a plugin"},
        {{"state"}, "'state' needs the name of a state directory"},
        {{"options", "x"}, "unexpected argument 'x'"},
        {{"plugin", "x", "--config=f"}, "'plugin' takes no other flag than --plugin-dir and --markdown"},
        {{"metrics", "x"}, "unexpected argument 'x'"},
        {{"metrics", "--asn=1"}, "'metrics' takes no other flag than --plugin-dir"},
        {{"plugins", "--asn=1"}, "'plugins' takes no other flag than --plugin-dir"},
        {{"plugins", "--markdown"}, "--markdown is for 'plugin NAME' and 'options' only"},
        {{"--brokers=b", "--topic=t", "--markdown"}, "--markdown is for 'plugin NAME' and 'options' only"},
        {{"--brokers=b", "--topic=t", "--asn=4294967296"}, "'--asn': '4294967296' is not an AS number"},
        {{"--brokers=b", "--topic=t", "--asn", "-1"}, "'--asn': '-1' is not an AS number"},
        {{"--brokers=b", "--topic=t", "--asn=1,AX1"}, "'--asn': 'AX1' is not an AS number"},
        {{"--brokers=b", "--topic=t", "--asn=,"}, "'--asn' must be an AS number such as 15169, or several"},
        {{"plugins", "--is-configured"}, "'plugins' takes no other flag than --plugin-dir"},
        {{"--brokers=b", "--topic=t", "--partitions=0,x"}, "'--partitions' must be a whole number, not 'x'"},
        {{"--brokers=b", "--topic=t", "--partitions=2147483648"}, "'--partitions' must be 0 to 2147483647"},
        {{"--brokers=b", "--topic=t", "--partitions=,"}, "'--partitions' must be 'all' or numbers"},
        {{"--brokers=,", "--topic=t"}, "'--brokers' must be addresses such as"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fxi_args args;
        struct fx_error err = FX_ERROR_INIT;
        int code = parse(&args, cases[i].words, &err);
        if (code != FX_EINVAL || err.code != code || !strstr(err.message, cases[i].message))
            fail_msg("case %zu: got %d '%s', want '%s'", i, code, err.message, cases[i].message);
        fxi_args_fini(&args);
    }
}

static void test_help_fits(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0, lines = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    fxi_args_help(out);
    assert_int_equal(fclose(out), 0);
    for (const char *line = text; *line; lines++) {
        size_t length = strcspn(line, "\n");
        assert_in_range(length, 0, 80);
        assert_int_equal(line[length], '\n');
        line += length + 1;
    }
    assert_in_range(lines, 10, 24);
    static const char *const mentioned[] = {
        "--brokers", "--topic",        "--partitions", "--asn",     "--addr", "--names", "--whois",     "--config FILE",
        "--check",   "--print-config", "--plugin-dir", "--version", "--help", "plugins", "plugin NAME", "--markdown"};
    for (size_t i = 0; i < sizeof mentioned / sizeof *mentioned; i++)
        assert_non_null(strstr(text, mentioned[i]));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),     cmocka_unit_test(test_paths_repeat), cmocka_unit_test(test_config_file),
        cmocka_unit_test(test_actions),   cmocka_unit_test(test_plugin_name),  cmocka_unit_test(test_bad),
        cmocka_unit_test(test_help_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
