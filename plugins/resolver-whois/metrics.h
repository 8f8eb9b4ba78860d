/* The rows of the plugin's table of self metrics, in their order, and the values of their labels. */
#ifndef WHOIS_METRICS_H
#define WHOIS_METRICS_H

enum whois_metric {
    WHOIS_METRIC_QUERIES,
    WHOIS_METRIC_ANSWERS,     /* enum whois_metric_answer */
    WHOIS_METRIC_NAMES,       /* enum fx_cell_state */
    WHOIS_METRIC_LOADED,      /* */
    WHOIS_METRIC_CONNECTIONS, /* enum whois_metric_connection */
    WHOIS_METRIC_OVERFLOW     /* */
};

enum whois_metric_answer { WHOIS_ANSWER_KNOWN, WHOIS_ANSWER_UNKNOWN, WHOIS_ANSWER_ERROR };

enum whois_metric_connection {
    WHOIS_CONNECTION_COMPLETE, /* every number was answered */
    WHOIS_CONNECTION_PARTIAL,  /* the server closed before it had answered every number */
    WHOIS_CONNECTION_FAILED,
    WHOIS_CONNECTION_TIMEOUT
};

#endif
