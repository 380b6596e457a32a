resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "1.31.0"

  primary "east" {
    network = "net-east"
    remote_control_plane {}
    east_west_gateway {}
  }
}

resource "istio_remote_cluster" "edge" {
  for_each = toset(["edge1", "edge2"])

  mesh    = istio_mesh.shop.join
  cluster = each.key
  network = "net-${each.key}"
  east_west_gateway {}
}

data "istio_mesh_topology" "shop" {
  mesh  = istio_mesh.shop.join
  links = merge(istio_mesh.shop.status.links, [for edge in istio_remote_cluster.edge : edge.status.links]...)
  remotes = {
    for name, edge in istio_remote_cluster.edge : name => {
      network           = edge.network
      primaries         = edge.primaries
      gateway_addresses = edge.status.gateway_addresses
    }
  }
}

output "picture" {
  value = data.istio_mesh_topology.shop.mermaid
}
