/*
 * How often a server may be asked: a limit of numbers a second (a second's worth at once) and a limit a day. The
 * caller gives the times, in milliseconds; they never go back.
 */
#ifndef WHOIS_BUDGET_H
#define WHOIS_BUDGET_H

#include <stddef.h>
#include <stdint.h>

struct whois_budget {
    double per_second; /* 0: no limit */
    int64_t per_day;   /* 0: no limit */
    double tokens;
    int64_t filled_ms;
    int64_t day_spent, day_ends_ms;
};

void whois_budget_init(struct whois_budget *budget, double per_second, int64_t per_day, int64_t now_ms);
/* How many numbers may be asked about now, at most wanted. */
size_t whois_budget_allows(struct whois_budget *budget, size_t wanted, int64_t now_ms);
void whois_budget_spend(struct whois_budget *budget, size_t count);
/* When one more number may be asked about: now_ms or later. */
int64_t whois_budget_when(struct whois_budget *budget, int64_t now_ms);
/* Whether the day's numbers are used up. whois_budget_when tells until when. */
int whois_budget_day_is_over(struct whois_budget *budget, int64_t now_ms);

#endif
