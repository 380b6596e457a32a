resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "1.31.0"

  primary "east" {
    network = "net-east"
    remote_control_plane {}
    east_west_gateway {
      service_annotations = {
        "networking.gke.io/load-balancer-type" = "Internal"
      }
    }
  }
}

# All clusters of one kind in one block. The provider has a cluster block for each.
resource "istio_remote_cluster" "edge" {
  for_each = toset(["edge1", "edge2"])

  mesh    = istio_mesh.shop.join
  cluster = each.key
  network = "net-${each.key}"

  east_west_gateway {
    service_annotations = {
      "networking.gke.io/load-balancer-type" = "Internal"
    }
  }
}

# A cluster on the network of the control plane that serves it needs no gateway.
resource "istio_remote_cluster" "batch" {
  mesh      = istio_mesh.shop.join
  cluster   = "batch"
  network   = "net-east"
  primaries = ["east"]
  pod_cidrs = ["10.20.0.0/16"]

  # istiod reaches the API server at another address than Terraform.
  api_server {
    url = "https://10.20.0.2:443"
  }

  timeouts {
    create = "20m"
  }
}
