"""The Kubernetes edge: connection, watches into stores, writes, Lease. The only `kubernetes`."""
