/*
 * Tags: "IDENTITY:NUMBER", stored by inputs beside committed positions. IDENTITY is 16 hexadecimal digits; a '-'
 * behind it says that the checkpoint was counted without being made durable. See fx_tags_add. Any thread.
 */
#ifndef FXI_STATE_TAGS_H
#define FXI_STATE_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FXI_IDENTITY_SIZE 16
#define FXI_TAG_BYTES     48

struct fxi_tag {
    char identity[FXI_IDENTITY_SIZE + 1];
    bool durable;
    uint64_t number;
};

void fxi_tag_print(char buffer[FXI_TAG_BYTES], const char *identity, bool durable, uint64_t number);

/* The next sound tag of a list; *at is moved behind it. False at the end. */
bool fxi_tag_next(const char **at, const char *end, struct fxi_tag *tag);

#endif
