# GKE: pass-through network load balancers, one public and one inside the VPC.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "1.31.0"
  platform     = "gke"

  primary "public" {
    network = "vpc-public"

    east_west_gateway {
      load_balancer_source_ranges = ["198.51.100.0/24"] # Cloud NAT of the other network

      service_annotations = {
        "cloud.google.com/l4-rbs" = "enabled"
      }
    }
  }

  primary "internal" {
    network = "vpc-internal"

    east_west_gateway {
      service_annotations = {
        "networking.gke.io/load-balancer-type"                         = "Internal"
        "networking.gke.io/internal-load-balancer-allow-global-access" = "true" # clients in other regions
      }
    }
  }

  certificate_authority {
    key_cluster = "public"
  }
}
