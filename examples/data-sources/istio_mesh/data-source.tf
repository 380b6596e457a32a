# The mesh of another workspace, or one that helm or istioctl has installed.
data "istio_mesh" "shop" {
  clusters         = ["east", "west"]
  chart_repository = "https://charts.example/istio"
}

data "istio_mesh_topology" "shop" {
  mesh = data.istio_mesh.shop.join
}

output "peer" {
  description = "What another organisation needs to federate its mesh with this one."
  value       = data.istio_mesh.shop.peer
}
