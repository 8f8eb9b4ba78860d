/*
 * Any bytes as a configuration. A refused one has a place and a reason. An accepted one prints as YAML that reads back
 * as the same tree. A fault can be reproduced with one input alone.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config.h"
#include "tests/unit/node_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition, const char *what, const struct fx_error *err)
{
    if (condition)
        return;
    fprintf(stderr, "%s: %u:%u: %s\n", what, err->line, err->column, err->message);
    abort();
}

static void check_printing(struct fxi_document *document)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_config config = {.document = document};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        abort();
    fxi_config_print(out, &config, NULL, NULL);
    fclose(out);
    /* Escapes make a text longer: a text just below the limit may then exceed it. */
    if (size <= 1024 * 1024) {
        struct fxi_document *again = fxi_yaml_read_text("again", text, size, &err);
        require(again != NULL, "printed text is refused", &err);
        require(nodes_are_equal(document->root, again->root), "printed text means something else", &err);
        fxi_document_free(again);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_document *document = fxi_yaml_read_text("fuzz", (const char *)data, size, &err);
    if (!document) {
        require(err.code == FX_EINVAL && err.line > 0 && err.column > 0 && err.message[0], "bad refusal", &err);
        return 0;
    }
    check_printing(document);
    struct fxi_config *config = fxi_config_new(document, &err);
    require(config || (err.code == FX_EINVAL && err.line > 0 && err.message[0]), "bad refusal", &err);
    fxi_config_free(config);
    return 0;
}
