# EKS: network load balancers of the AWS Load Balancer Controller, one public and one inside the VPC.

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

  primary "public" {
    network = "vpc-public"

    east_west_gateway {
      load_balancer_class         = "service.k8s.aws/nlb"
      load_balancer_source_ranges = ["198.51.100.0/24"] # the NAT gateways of the other network

      service_annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-scheme"          = "internet-facing"
        "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type" = "ip"
      }
    }
  }

  primary "internal" {
    network = "vpc-internal"

    east_west_gateway {
      load_balancer_class = "service.k8s.aws/nlb"

      service_annotations = {
        "service.beta.kubernetes.io/aws-load-balancer-scheme"          = "internal"
        "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type" = "ip"
        "service.beta.kubernetes.io/aws-load-balancer-attributes"      = "load_balancing.cross_zone.enabled=true"
      }
    }
  }

  certificate_authority {
    key_cluster = "public"
  }
}
