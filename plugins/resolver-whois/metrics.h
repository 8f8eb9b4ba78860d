/* The rows of the plugin's table of self metrics, in the table's order, and the values of their labels. */
#ifndef WHOIS_METRICS_H
#define WHOIS_METRICS_H

enum whois_metric {
    WHOIS_METRIC_QUERIES,     /* by server */
    WHOIS_METRIC_ANSWERS,     /* by server and enum whois_metric_answer */
    WHOIS_METRIC_NAMES,       /* enum fx_cell_state */
    WHOIS_METRIC_LOADED,      /* */
    WHOIS_METRIC_CONNECTIONS, /* by server and enum whois_metric_connection */
    WHOIS_METRIC_OVERFLOW,    /* */
    WHOIS_METRIC_QUERY_SECONDS,
    WHOIS_METRIC_QUEUE,
    WHOIS_METRIC_CACHE_HITS,
    WHOIS_METRIC_CACHE_AGE,
    WHOIS_METRIC_CACHE_SAVES, /* enum whois_metric_done */
    WHOIS_METRIC_EVICTIONS,
    WHOIS_METRIC_FILE_LOADS, /* enum whois_metric_done */
    WHOIS_METRIC_REFERRALS   /* enum whois_metric_done: followed, refused */
};

enum whois_metric_answer { WHOIS_ANSWER_KNOWN, WHOIS_ANSWER_UNKNOWN, WHOIS_ANSWER_ERROR, WHOIS_ANSWER_COUNT };
enum whois_metric_done { WHOIS_DONE, WHOIS_NOT_DONE };

enum whois_metric_connection {
    WHOIS_CONNECTION_COMPLETE, /* every number was answered */
    WHOIS_CONNECTION_PARTIAL,  /* the server closed before it had answered every number */
    WHOIS_CONNECTION_FAILED,
    WHOIS_CONNECTION_TIMEOUT,
    WHOIS_CONNECTION_REFUSED, /* the server said that it does not want to be asked */
    WHOIS_CONNECTION_COUNT
};

#endif
