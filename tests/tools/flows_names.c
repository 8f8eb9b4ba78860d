/* Names for the ASes of sample flows, in the form of cidr-report's list: a handle, a company, a country. One thread. */
#include <stdio.h>
#include <string.h>

#include "flows.h"

/*
 * The lengths of names in a real list, with the country: twenty steps from the shortest to the longest. The mean is 31.
 */
static const unsigned char lengths[] = {9, 11, 12, 14, 15, 16, 17, 20, 23, 26, 30, 33, 35, 38, 40, 43, 45, 49, 53, 61};
#define LENGTH_COUNT (sizeof lengths / sizeof *lengths)

static const char *const words[] = {"Telecom", "Networks",   "Internet", "Communications", "Data",
                                    "Systems", "University", "Hosting",  "Services",       "Group"};
#define WORD_COUNT (sizeof words / sizeof *words)

static const char countries[][3] = {"US", "BR", "RU", "DE", "GB", "IN", "AU", "PL"};

/* The AS number makes the name unique. Words fill it up. */
static void name_make(char *name, size_t size, uint32_t number)
{
    size_t length = lengths[number % LENGTH_COUNT] - strlen(", US");
    size_t used = (size_t)snprintf(name, size, "N%X", number);
    for (uint32_t i = 0; used < length; i++)
        used +=
            (size_t)snprintf(name + used, size - used, "%s%s", i ? " " : " - ", words[(number / 7 + i) % WORD_COUNT]);
    if (used > length && length > 8)
        name[length] = '\0';
    for (used = strlen(name); name[used - 1] == ' ' || name[used - 1] == '-'; used--)
        name[used - 1] = '.';
}

static void line_write(FILE *file, uint32_t number)
{
    char name[128];
    name_make(name, sizeof name, number);
    fprintf(file, "%u\t%s, %s\n", number, name, countries[number % (sizeof countries / sizeof *countries)]);
}

int flows_names_write(const struct flows_options *options, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return -1;
    line_write(file, options->asn);
    for (uint32_t i = 0; i < options->as_count; i++)
        line_write(file, flows_as_number(options, i));
    int failed = ferror(file);
    return fclose(file) || failed ? -1 : 0;
}
