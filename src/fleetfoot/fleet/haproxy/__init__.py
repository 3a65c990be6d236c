"""HAProxy as the balancer of a service: one process of it, told what to do through its runtime socket.

balancer.py   the class with the embedded balancer's interface
config.py     the text of haproxy.cfg            tasks.py    whom to route to, and with what weight
child.py      the process, and launch.py         orders.py   what to tell HAProxy so that it does the same
runtime.py    the runtime socket                 rows.py     ``show stat``
log.py        the log pipe                       counts.py   from rows and log lines to the statistics
program.py    is it installed
"""
