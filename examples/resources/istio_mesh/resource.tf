resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "1.31.0"

  chart "istiod" {
    values = yamlencode({
      autoscaleMin = 2
    })
  }

  mesh_config = yamlencode({
    accessLogFile = "/dev/stdout"
  })

  primary "east" {
    network = "net-east"
    east_west_gateway {
      service_annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-type"   = "external"
        "service.beta.kubernetes.io/aws-load-balancer-scheme" = "internal"
      }
    }
  }

  primary "west" {
    network = "net-west"
    east_west_gateway {
      service_annotations = {
        "networking.gke.io/load-balancer-type" = "Internal"
      }
    }
  }

  certificate_authority {
    key_cluster = "east"
  }

  # Policies of the clusters demand it of every namespace.
  namespace_labels = {
    team = "platform"
  }

  # The platform decides the resources of every pod.
  ignored_fields = {
    "*/apps/Deployment/istio-system/*" = ["spec.template.spec.containers[*].resources"]
  }

  timeouts {
    create = "20m"
  }
}
