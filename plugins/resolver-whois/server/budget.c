/* A bucket of tokens for the second, a count for the day. */
#include "server/budget.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

void whois_budget_init(struct whois_budget *budget, double per_second, int64_t per_day, int64_t now_ms)
{
    *budget = (struct whois_budget){.per_second = per_second, .per_day = per_day, .filled_ms = now_ms};
    budget->tokens = per_second > 1 ? per_second : 1;
    budget->day_ends_ms = now_ms + DAY_MS;
}

static void fill(struct whois_budget *budget, int64_t now_ms)
{
    double most = budget->per_second > 1 ? budget->per_second : 1;
    if (now_ms >= budget->day_ends_ms) {
        budget->day_spent = 0;
        budget->day_ends_ms = now_ms + DAY_MS;
    }
    if (now_ms <= budget->filled_ms)
        return;
    budget->tokens += (double)(now_ms - budget->filled_ms) / 1000 * budget->per_second;
    if (budget->tokens > most)
        budget->tokens = most;
    budget->filled_ms = now_ms;
}

int whois_budget_day_is_over(struct whois_budget *budget, int64_t now_ms)
{
    fill(budget, now_ms);
    return budget->per_day > 0 && budget->day_spent >= budget->per_day;
}

size_t whois_budget_allows(struct whois_budget *budget, size_t wanted, int64_t now_ms)
{
    fill(budget, now_ms);
    if (budget->per_second > 0 && (double)wanted > budget->tokens)
        wanted = (size_t)budget->tokens;
    int64_t left = budget->per_day - budget->day_spent;
    if (budget->per_day > 0 && (int64_t)wanted > left)
        wanted = left > 0 ? (size_t)left : 0;
    return wanted;
}

void whois_budget_spend(struct whois_budget *budget, size_t count)
{
    budget->tokens -= (double)count;
    budget->day_spent += (int64_t)count;
}

int64_t whois_budget_when(struct whois_budget *budget, int64_t now_ms)
{
    if (whois_budget_day_is_over(budget, now_ms))
        return budget->day_ends_ms;
    if (budget->per_second == 0 || budget->tokens >= 1)
        return now_ms;
    return now_ms + (int64_t)((1 - budget->tokens) * 1000 / budget->per_second) + 1;
}
