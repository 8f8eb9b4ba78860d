/*
 * Tags: "IDENTITY:NUMBER", stored by inputs beside committed positions. IDENTITY has 16 hexadecimal digits. A '-' after
 * it means that the checkpoint was counted but not made durable. See fx_tags_add. Any thread.
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

/* Takes the next valid tag of a list, and moves *at past it. False: there are no more. */
bool fxi_tag_next(const char **at, const char *end, struct fxi_tag *tag);

#endif
