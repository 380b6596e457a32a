# <mesh_id>/<cluster>@<primary>: the primary is one of the clusters whose istiod serves the cluster.
terraform import istio_remote_cluster.edge 'shop/edge@east'
